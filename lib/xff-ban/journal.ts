import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Report } from '../fault.js'
import { decode, writeLine } from '../jsonl.js'
import type { BanRecord, UnbanRecord } from '../record.js'

type Kept = BanRecord | UnbanRecord

/** What xff-ban remembers over restarts: the records it carried out, as JSON Lines, appended and fsynced. */
export interface Journal {
  /** Returns when the records are on the disk. */
  append: (records: readonly Kept[]) => Promise<void>
  close: () => Promise<void>
}

/** The journal cannot be read: exit code 66 (EX_NOINPUT). */
export class JournalError extends Error {
  readonly exitCode = 66
}

/** For a rehearsal: nothing is remembered. */
export const NO_JOURNAL: Journal = { append: async () => {}, close: async () => {} }

/**
 * Opens the journal, made with its folder when missing, and tells what is in it, oldest first. A line that
 * is no ban or unban, as a last one torn by a crash, is reported and passed over.
 * @throws JournalError
 */
export async function openJournal(
  path: string,
  recall: (record: Kept) => void,
  report: Report,
): Promise<Journal> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 })
    const file = await open(path, 'a+', 0o600)
    await read(path, recall, report)
    await endLastLine(file)
    return {
      async append(records) {
        if (records.length === 0) return
        await file.appendFile(records.map(writeLine).join(''))
        await file.datasync()
      },
      close: () => file.close(),
    }
  } catch (error) {
    throw new JournalError(`cannot use the journal (--state names another): ${(error as Error).message}`, {
      cause: error,
    })
  }
}

async function read(path: string, recall: (record: Kept) => void, report: Report): Promise<void> {
  const sink = new Writable({
    objectMode: true,
    write(record: Kept, _encoding, done) {
      recall(record)
      done()
    },
  })
  await pipeline([createReadStream(path), ...decode(['ban', 'unban'], report), sink])
}

/** A torn line must not swallow the record that is written next. */
async function endLastLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat()
  if (size === 0) return
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  if (buffer.toString() !== '\n') await file.appendFile('\n')
}
