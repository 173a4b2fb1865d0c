import { isIP } from 'node:net'
import code from '#assembly/xff-window'
import { BoundedMap } from '../bounded-map.js'
import {
  type Global,
  type InputBuffers,
  openInputBuffers,
  type Started,
  startModule,
} from '../fast/module.js'
import type { Answer } from '../wire/field.js'
import { parseInstant } from '../wire/instant.js'
import { parseLine } from '../wire/jsonl.js'
import type { RequestRecord } from '../wire/record.js'

export interface Options {
  failing: (status: number) => boolean
  /** the key under which an address is counted */
  keyOf: (ip: string) => string
  /** is told where the machine cannot run it */
  warn: (message: string) => void
  /**
   * Reads a line of any other shape with the full parser, and counts it.
   * @param line its number within the block, from 1
   */
  parseFully: (text: string, line: number) => void
  /**
   * Counts a failure.
   * @param time milliseconds since 1970
   */
  countFailure: (ip: string, key: string, time: number, line: FailureLine) => void
  /** Counts a failure whose client is not known; the counts have it in any case. */
  countUnattributed?: (time: number, line: FailureLine) => void
}

/** The line of the failure that is being counted, to be read during the call only. */
export interface FailureLine {
  /** parses all of it */
  request: () => RequestRecord
  /** all of it, for `requestIn` later on */
  text: () => string
  status: () => number
  method: () => string
  uri: () => string
  /** the parts that tell what was answered */
  answer: () => Required<Answer>
}

/** What was read of a block, without what was parsed fully. */
export interface BlockCounts {
  /** all of its lines */
  lines: number
  requests: number
  failures: number
  /** failures without a client */
  unattributed: number
  /** the first and the last instant of the requests, in milliseconds since 1970; infinite where there were none */
  oldest: number
  newest: number
}

/** Reads a block of whole lines in the shape in which uwsgi-parse writes requests. */
export type FastPath = (block: Buffer) => BlockCounts

/** What assembly/index.ts exports. */
interface Exports extends InputBuffers {
  failing: Global
  MAX_ENTRIES: Global
  requests: Global
  failures: Global
  unattributed: Global
  oldest: Global
  newest: Global
  /** of the request that was last read: its status, and where its method and its URI stand */
  status: Global
  methodStart: Global
  methodEnd: Global
  uriStart: Global
  uriEnd: Global
  read: (start: number, size: number) => number
}

const MINUTE = /^[2-9]\d{3}-\d\d-\d\dT\d\d:\d\d:$/
export const MINUTE_LENGTH = 17

/** When a minute began that is written as `2026-11-22T14:06:`, in milliseconds since 1970; NaN for any other text. */
export function minuteOf(text: string): number {
  return MINUTE.test(text) ? parseInstant(`${text}00.000Z`) : Number.NaN
}

/** @returns null where the machine cannot run it */
export function compileFastPath({
  failing,
  keyOf,
  warn,
  parseFully,
  countFailure,
  countUnattributed,
}: Options): FastPath | null {
  let linesBefore = 0
  // of the failure that is being counted
  let lineStart = 0
  let lineEnd = 0
  const line: FailureLine = {
    request: () => requestIn(line.text()),
    text: () => memory.toString('utf8', lineStart, lineEnd),
    status: () => module.status.value,
    // in a line of this shape both are ASCII
    method: () => methodAt(memory, module.methodStart.value, module.methodEnd.value),
    uri: () => memory.toString('latin1', module.uriStart.value, module.uriEnd.value),
    answer: () => ({ status: line.status(), method: line.method(), uri: line.uri() }),
  }

  const started: Started<Exports> | null = startModule(code, warn, {
    parseFully(start, end, line) {
      parseFully(memory.toString('utf8', start, end), linesBefore + line)
    },
    minuteOf: (start): number => minuteOf(memory.toString('latin1', start, start + MINUTE_LENGTH)),
    keepAddress(start, length, index): number {
      const ip = memory.toString('latin1', start, start + length)
      if (isIP(ip) === 0) return 0
      addresses[index] = ip
      keys[index] = keyOf(ip)
      return 1
    },
    countFailure(index, time, start, end) {
      lineStart = start
      lineEnd = end
      countFailure(addresses[index] ?? '', keys[index] ?? '', time, line)
    },
    countUnattributed(time, start, end) {
      lineStart = start
      lineEnd = end
      countUnattributed?.(time, line)
    },
    // these are of the window in the module (fast-window.ts)
    flush() {},
    isIgnored: () => 0,
    tellLate() {},
    banKept() {},
  })
  if (!started) return null
  const { exports: module, memory }: Started<Exports> = started
  // one text for all lines that an address is in, by the index of its entry; arrays with holes are slow ones
  const addresses = new Array<string>(module.MAX_ENTRIES.value).fill('')
  const keys = [...addresses]
  for (let status = 0; status < 1000; status++)
    memory[module.failing.value + status] = failing(status) ? 1 : 0

  const piecesOf = openInputBuffers(started)
  return block => {
    const read = {
      lines: 0,
      requests: 0,
      failures: 0,
      unattributed: 0,
      oldest: Number.POSITIVE_INFINITY,
      newest: Number.NEGATIVE_INFINITY,
    }
    for (const [start, size] of piecesOf(block)) {
      linesBefore = read.lines
      read.lines += module.read(start, size)
      read.requests += module.requests.value
      read.failures += module.failures.value
      read.unattributed += module.unattributed.value
      read.oldest = Math.min(read.oldest, module.oldest.value)
      read.newest = Math.max(read.newest, module.newest.value)
    }
    return read
  }
}

/** By their bytes as a number of 32 bits, the methods of up to four characters: there are few, and each line has one. */
const methods = new BoundedMap<number, string>(1000)

function methodAt(memory: Buffer, start: number, end: number): string {
  if (end - start > 4) return memory.toString('latin1', start, end)
  let bytes = 0
  for (let at = start; at < end; at++) bytes = (bytes << 8) | (memory[at] ?? 0)
  const known = methods.get(bytes)
  if (known !== undefined) return known
  const method = memory.toString('latin1', start, end)
  methods.set(bytes, method)
  return method
}

/** @param line that the module has read as a request */
export function requestIn(line: string): RequestRecord {
  const request = parseLine(line, ['request'])
  if (typeof request === 'string') throw new Error(`${request}: ${line}`)
  return request
}
