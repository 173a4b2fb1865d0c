import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { codeOf, messageOf } from '../../exit.js'

/** How often it is looked for new lines. */
const LOOK_MS = 100
const BLOCK_BYTES = 65_536
/** Of a line that does not end, so much is kept. */
const MAX_LINE_BYTES = 1 << 18
/** A log that grows faster than this while one step waits is not read to its end. */
const MAX_BYTES = 1 << 28

/** The line that holds a text, with the one before it; as latin1, so that its bytes stay what they are. */
export interface Found {
  previous: string
  line: string
}

/** A log from the moment on at which it is opened. */
export interface LogWatch {
  /** why it cannot be read; undefined where it can */
  problem: () => string | undefined
  /** how many lines have come that were looked at */
  lines: () => number
  /** Waits for a line with a text. @returns undefined where none comes in time */
  find: (text: string, waitMs: number) => Promise<Found | undefined>
  stat: () => Stats | undefined
  close: () => void
}

/** Begins at the end of a log, and follows its name when it is rotated. */
export function watchLog(path: string, monotonic: () => number): LogWatch {
  let file: number | undefined
  let inode = -1
  let offset = 0
  let bytes = 0
  let lines = 0
  let rest = ''
  let previous = ''
  let problem: string | undefined
  const block = Buffer.alloc(BLOCK_BYTES)

  const close = () => {
    if (file !== undefined) closeSync(file)
    file = undefined
  }
  const open = (isFirst: boolean) => {
    try {
      // a pipe would wait for whoever writes it
      if (!statSync(path).isFile()) throw new Error(`${path} is not a regular file`)
      close()
      file = openSync(path, 'r')
      const stat = fstatSync(file)
      inode = stat.ino
      offset = isFirst ? stat.size : 0
      rest = ''
      problem = undefined
    } catch (error) {
      problem = problemOf(path, error)
    }
  }
  const readBlock = (): string | undefined => {
    const size = file === undefined ? 0 : readSync(file, block, 0, block.length, offset)
    offset += size
    bytes += size
    return size === 0 ? undefined : block.toString('latin1', 0, size)
  }
  /** The next block, or undefined at the end. What was rotated is read to its end first. */
  const read = (): string | undefined => {
    if (bytes > MAX_BYTES) return undefined
    const next = readBlock()
    if (next !== undefined) return next
    const there = statSync(path, { throwIfNoEntry: false })
    if (there && there.ino !== inode) open(false)
    else if (there && there.size < offset) offset = 0
    else return undefined
    return readBlock()
  }
  const search = (text: string): Found | undefined => {
    for (let more = read(); more !== undefined; more = read()) {
      const pieces = (rest + more).split('\n')
      rest = (pieces.pop() ?? '').slice(-MAX_LINE_BYTES)
      for (const line of pieces) {
        lines += 1
        if (line.includes(text)) return { previous, line }
        previous = line
      }
    }
    return undefined
  }
  open(true)
  return {
    problem: () => problem,
    lines: () => lines,
    stat: () => statSync(path, { throwIfNoEntry: false }),
    async find(text, waitMs) {
      bytes = 0
      for (const end = monotonic() + waitMs; ; ) {
        const found = search(text)
        if (found || monotonic() > end) return found
        await pause(LOOK_MS)
      }
    },
    close,
  }
}

function problemOf(path: string, error: unknown): string {
  const code = codeOf(error)
  if (code === 'ENOENT') return `there is no ${path}`
  return code === 'EACCES' ? `${path} must not be read by this user` : messageOf(error)
}
