import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { parseLine } from '../wire/jsonl.js'
import type { BanRecord } from '../wire/record.js'

/** How much of a journal is in memory at once, besides one line. */
const BLOCK_BYTES = 256 * 1024
/** A longer line is no record: it is read in parts, none of which is one. */
const MAX_LINE_BYTES = 3 * 65_536
const NEWLINE = 0x0a

/** The last ban of each of these addresses that a journal holds, in force or not; none of one that cannot be read. */
export function lastBansIn(journal: string, ips: readonly string[]): Map<string, BanRecord> {
  const found = new Map<string, BanRecord>()
  const wanted = new Map(ips.map(ip => [ip, Buffer.from(`"ip":${JSON.stringify(ip)}`)]))
  try {
    const file = openSync(journal, 'r')
    try {
      for (const lines of blocksFromEnd(file)) {
        for (const [ip, text] of wanted) {
          const ban = lastIn(lines, text)
          if (ban) found.set(ip, ban)
        }
        for (const ip of found.keys()) wanted.delete(ip)
        if (wanted.size === 0) break
      }
    } finally {
      closeSync(file)
    }
  } catch {
    // as one that is empty
  }
  return found
}

/** Blocks of whole lines, the last ones first. */
function* blocksFromEnd(file: number): Generator<Buffer> {
  let end = fstatSync(file).size
  let begun: Buffer = Buffer.alloc(0)
  while (end > 0) {
    const size = Math.min(BLOCK_BYTES, end)
    const block = Buffer.alloc(size)
    end -= size
    const read = readSync(file, block, 0, size, end)
    const whole = Buffer.concat([block.subarray(0, read), begun])
    const first = end === 0 ? 0 : whole.indexOf(NEWLINE) + 1
    // no line begins here: all of it is the end of one
    begun = whole.subarray(0, first === 0 && end > 0 ? whole.length : first).subarray(0, MAX_LINE_BYTES)
    if (first > 0 || end === 0) yield whole.subarray(first)
  }
}

function lastIn(lines: Buffer, wanted: Buffer): BanRecord | undefined {
  for (let at = lines.lastIndexOf(wanted); at >= 0; at = at === 0 ? -1 : lines.lastIndexOf(wanted, at - 1)) {
    const start = at === 0 ? 0 : lines.lastIndexOf(NEWLINE, at) + 1
    const end = lines.indexOf(NEWLINE, at)
    const line = lines.toString('utf8', start, end < 0 ? lines.length : end)
    const record = line.startsWith('{"type":"ban"') ? parseLine(line, ['ban']) : undefined
    if (
      record !== undefined &&
      typeof record !== 'string' &&
      `"ip":${JSON.stringify(record.ip)}` === wanted.toString()
    )
      return record
  }
  return undefined
}
