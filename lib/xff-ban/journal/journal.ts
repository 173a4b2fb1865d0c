import { type FileHandle, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EXIT, ExitError, messageOf } from '../../exit.js'
import { openOwn } from '../../files/own-file.js'
import { openDraft, removeDrafts } from '../../files/replace-file.js'
import type { OnBadLine } from '../../wire/bad-line.js'
import { decode, encodeLine } from '../../wire/jsonl.js'
import type { JournalRecord } from '../jail/jail.js'

/** How many lines beyond twice what is to be remembered it may have before it is compacted. */
const SPARE_LINES = 10_000
/** How much is written at once while compacting, in UTF-16 units. */
const BLOCK_LENGTH = 1 << 20

/** What xff-ban remembers over restarts: the records it carried out, as JSON Lines, appended and fsynced. */
export interface Journal {
  /**
   * Returns when the records are on the disk: all of them, or none and the error of the system is thrown.
   * @throws JournalError
   */
  append: (records: readonly JournalRecord[]) => Promise<void>
  /**
   * Writes the journal anew when it has grown to much more than is to be remembered, or was taken away.
   * @returns what to warn of
   */
  tidy: () => Promise<string | undefined>
  close: () => Promise<void>
}

/** The state that the journal keeps over restarts. */
export interface Recallable {
  recall: (record: JournalRecord) => void
  /** all that is to be recalled, and how many records that are */
  records: () => Iterable<JournalRecord>
  size: () => number
  /** Drops what need not be remembered any more. */
  prune: () => void
}

/** The journal cannot be used: exit code 66 (EX_NOINPUT) at the start, 74 (EX_IOERR) later. */
export class JournalError extends ExitError {}

/** For a rehearsal: nothing is remembered. */
export const NO_JOURNAL: Journal = {
  append: async () => {},
  tidy: async () => undefined,
  close: async () => {},
}

/**
 * Opens the journal, made with its folder when missing, and tells what is in it, oldest first. A line that
 * is no ban or unban, as a last one torn by a crash, is reported and passed over.
 * @throws JournalError
 */
export async function openJournal(path: string, state: Recallable, onBadLine: OnBadLine): Promise<Journal> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 })
    await removeDrafts(path)
    let file = await openOwn(path, 'append')
    let lines = await readJournal(path, state.recall, onBadLine)
    let { size } = await file.stat()
    // a torn line must not swallow the record that is written next
    let torn = !(await endsWithNewline(file, size))
    let failed = false
    // how many lines it has when it is worth a look again
    let nextLook = SPARE_LINES

    const append = async (records: readonly JournalRecord[]) => {
      if (records.length === 0) return
      // what a failed attempt has left goes first
      if (failed) await file.truncate(size)
      failed = true
      const text = Buffer.from((torn ? '\n' : '') + records.map(encodeLine).join(''))
      await file.appendFile(text)
      await file.datasync()
      size += text.length
      lines += records.length
      torn = false
      failed = false
    }

    const compact = async () => {
      const written = await replace(path, state.records())
      await file.close()
      file = written.file
      lines = written.lines
      size = written.size
      torn = false
      failed = false
    }

    let closed: Promise<void> | undefined
    const close = async () => {
      if (failed) await file.truncate(size).catch(() => {})
      await file.close()
    }

    return {
      append: records =>
        append(records).catch(error => {
          throw new JournalError(`cannot write the journal ${path}: ${messageOf(error)}`, EXIT.io, {
            cause: error,
          })
        }),
      async tidy() {
        try {
          if (!(await isAt(path, file))) {
            await compact()
            return `the journal ${path} was taken away; written anew`
          }
          if (lines <= nextLook) return undefined
          state.prune()
          if (lines > 2 * state.size() + SPARE_LINES) await compact()
          nextLook = lines + SPARE_LINES
          return undefined
        } catch (error) {
          nextLook = 2 * lines
          return `cannot compact the journal ${path}: ${messageOf(error)}; it goes on growing`
        }
      },
      close() {
        closed ??= close()
        return closed
      },
    }
  } catch (error) {
    throw new JournalError(
      `cannot use the journal (--state names another): ${messageOf(error)}`,
      EXIT.noInput,
      { cause: error },
    )
  }
}

/** Tells what a journal holds, oldest first. @returns how many lines it has, at least */
export async function readJournal(
  path: string,
  recall: (record: JournalRecord) => void,
  onBadLine: OnBadLine,
): Promise<number> {
  let lines = 0
  const sink = new Writable({
    objectMode: true,
    write(record: JournalRecord, _encoding, done) {
      lines += 1
      recall(record)
      done()
    },
  })
  const onBadLineHere: OnBadLine = badLine => {
    lines += 1
    onBadLine({ ...badLine, kind: `${badLine.kind} in the journal` })
  }
  const file = await openOwn(path, 'read')
  await pipeline([
    file.createReadStream(),
    ...decode(['ban', 'unban', 'allow', 'disallow'], onBadLineHere),
    sink,
  ])
  return lines
}

/** Whether a file is still the one at this path. */
async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const [there, ours] = await Promise.all([stat(path).catch(() => undefined), file.stat()])
  return there?.ino === ours.ino && there.dev === ours.dev
}

/** Puts a journal of these records in the place of the old one, which stays whole until the new one is. */
async function replace(path: string, records: Iterable<JournalRecord>) {
  const draft = await openDraft(path, { mode: 0o600, durable: 'rename' })
  const { file } = draft
  try {
    let lines = 0
    let size = 0
    let block = ''
    const flush = async () => {
      const bytes = Buffer.from(block)
      await file.appendFile(bytes)
      size += bytes.length
      block = ''
    }
    for (const record of records) {
      lines += 1
      block += encodeLine(record)
      if (block.length >= BLOCK_LENGTH) await flush()
    }
    await flush()
    await draft.commit()
    return { file, lines, size }
  } catch (error) {
    await draft.discard()
    throw error
  }
}

async function endsWithNewline(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer.toString() === '\n'
}
