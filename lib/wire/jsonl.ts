import type { Duplex, Transform } from 'node:stream'
import split2 from 'split2'
import { transform } from 'through2'
import type { OnBadLine } from './bad-line.js'
import { linesOf, MAX_LINE_LENGTH, NOT_UTF8, wholeLines } from './lines.js'
import { readRecord } from './read-record.js'
import type { AnyRecord, RecordOf, RecordType } from './record.js'

/** The longest line that is written. */
const MAX_RECORD_BYTES = 65_536
/** What a long text is cut to, in a record that would be longer; in UTF-16 units. */
const MAX_TEXT_LENGTH = 1_000
/** How much is gathered before it is written, in UTF-16 units. */
const BLOCK_LENGTH = 65_536

/**
 * Bytes to records: JSON Lines in, objects out. A line that is no record of the wanted types is reported,
 * a blank one is passed over. split2 makes a record of each line; before it, `wholeLines` bounds the length of a line and
 * marks one that is not UTF-8, which split2 would gather without end and decode without a word.
 */
export function decode(wanted: readonly RecordType[], onBadLine: OnBadLine): Duplex[] {
  let line = 0
  const read = (text: string) => {
    line += 1
    return decodeLine(text, line, wanted, onBadLine)
  }
  return [wholeLines({ markInvalid: true }), split2('\n', read)]
}

/** How many records are handed on at once. */
const MAX_BATCH = 128

/**
 * As `decode`, but several records at once, in an array: a step of a stream costs more than to read a record.
 * @param readOrdinary reads most lines, faster; undefined for a line that is to be read as any other
 */
export function decodeBatches<T extends RecordType>(
  wanted: readonly T[],
  onBadLine: OnBadLine,
  readOrdinary: (text: string) => RecordOf<T> | undefined = () => undefined,
): Duplex[] {
  let line = 0
  const read = transform({ readableObjectMode: true }, function (this: Transform, block, _encoding, done) {
    let batch: RecordOf<T>[] = []
    for (const text of linesOf(block)) {
      line += 1
      const record = readOrdinary(text) ?? decodeLine(text, line, wanted, onBadLine)
      if (record) batch.push(record)
      if (batch.length < MAX_BATCH) continue
      this.push(batch)
      batch = []
    }
    if (batch.length > 0) this.push(batch)
    done()
  })
  return [wholeLines({ markInvalid: true }), read]
}

/** The record in a line; undefined for a blank line, and for one that is no record of these types, which is reported. */
export function decodeLine<T extends RecordType>(
  text: string,
  line: number,
  wanted: readonly T[],
  onBadLine: OnBadLine,
): RecordOf<T> | undefined {
  if (text === '' || text === '\r') return undefined
  const record = parseLine(text, wanted)
  if (typeof record !== 'string') return record
  if (record === PASSED_OVER) return undefined
  onBadLine({ line, kind: record, text: text.startsWith(NOT_UTF8) ? text.slice(1) : text })
  return undefined
}

/** Records that stand among those of any stage, for whoever wants them. */
const ASIDE: readonly RecordType[] = ['tally', 'held', 'allow', 'disallow', 'problem']
/** What `parseLine` says of one that is not wanted: it is no bad line. */
const PASSED_OVER = 'for others'

/** The record in a line, or what is wrong with it. */
export function parseLine<T extends RecordType>(text: string, wanted: readonly T[]): RecordOf<T> | string {
  if (text.length > MAX_LINE_LENGTH) return `longer than ${MAX_LINE_LENGTH} characters`
  if (text.startsWith(NOT_UTF8)) return 'not UTF-8'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  const record = readRecord(value)
  if (typeof record === 'string' || isOf(wanted, record)) return record
  if (isOf(ASIDE, record)) return PASSED_OVER
  return `not a ${wanted.join(' or ')}`
}

function isOf<T extends RecordType>(wanted: readonly T[], record: AnyRecord): record is RecordOf<T> {
  return wanted.some(type => type === record.type)
}

/**
 * Records to bytes: gathered to 64 KiB, and written as soon as the input pauses, so that a live tail
 * shows each line at once and a replay does not pay a write for each.
 */
export function encode(): Transform {
  let gathered = ''
  let pause: NodeJS.Immediate | undefined
  const flush = (stream: Transform) => {
    clearImmediate(pause)
    pause = undefined
    if (gathered !== '') stream.push(Buffer.from(gathered))
    gathered = ''
  }
  return transform(
    { writableObjectMode: true },
    function (this: Transform, record: AnyRecord, _encoding, done) {
      gathered += encodeLine(record)
      // a push from here makes the input wait while the last one has not been taken
      if (gathered.length >= BLOCK_LENGTH || this.readableLength >= this.readableHighWaterMark) flush(this)
      else pause ??= setImmediate(flush, this)
      done()
    },
    function (this: Transform, done: () => void) {
      flush(this)
      done()
    },
  )
}

/** A record as its line, newline included. Long texts are cut where the line would pass the bound. */
export function encodeLine(record: AnyRecord): string {
  const line = `${JSON.stringify(record)}\n`
  // a UTF-16 unit takes at most 3 bytes
  if (line.length * 3 <= MAX_RECORD_BYTES || Buffer.byteLength(line) <= MAX_RECORD_BYTES) return line
  return `${JSON.stringify(record, (_, value) => (typeof value === 'string' ? value.slice(0, MAX_TEXT_LENGTH).toWellFormed() : value))}\n`
}
