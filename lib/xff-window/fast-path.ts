import { isIP } from 'node:net'
import code from '#assembly/xff-window'
import {
  type Global,
  type InputBuffers,
  openInputBuffers,
  type Started,
  startModule,
} from '../fast/module.js'
import { parseInstant } from '../wire/instant.js'
import { type FailureExports, type FailureLine, readFailures } from './failure-line.js'

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
  /** Counts a failure of an IPv4 address, as a number of 32 bits with a sign; without this it is counted as others are. */
  countFailureOf?: (address: number, time: number, line: FailureLine) => void
  /** Counts a failure whose client is not known; the counts have it in any case. */
  countUnattributed?: (time: number, line: FailureLine) => void
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
interface Exports extends InputBuffers, FailureExports {
  failing: Global
  MAX_ENTRIES: Global
  requests: Global
  failures: Global
  unattributed: Global
  oldest: Global
  newest: Global
  readNumbers: () => void
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
  countFailureOf,
  countUnattributed,
}: Options): FastPath | null {
  let linesBefore = 0

  const started: Started<Exports> | null = startModule(code, warn, {
    parseFully(start, end, line) {
      parseFully(memory.toString('utf8', start, end), linesBefore + line)
    },
    minuteOf: (start): number => minuteOf(memory.toString('latin1', start, start + MINUTE_LENGTH)),
    keepAddress(start, length, index): number {
      const ip = memory.toString('latin1', start, start + length)
      if (isIP(ip) === 0) return 0
      texts[index] = ip
      keys[index] = keyOf(ip)
      return 1
    },
    keepBare(start, length, index) {
      texts[index] = memory.toString('latin1', start, start + length)
    },
    countFailure(index, time, start, end) {
      failure.begin(start, end)
      countFailure(texts[index] ?? '', keys[index] ?? '', time, failure.line)
    },
    countFailureOf(address, time, start, end) {
      failure.begin(start, end)
      countFailureOf?.(address, time, failure.line)
    },
    countUnattributed(time, start, end) {
      failure.begin(start, end)
      countUnattributed?.(time, failure.line)
    },
    // these are of the window in the module (fast-window.ts)
    flush() {},
    isIgnored: () => 0,
    tellLate() {},
    banKept() {},
  })
  if (!started) return null
  const { exports: module, memory }: Started<Exports> = started
  // one text for all lines that an address or a URI without query is in, by the index of its entry; arrays with holes are slow ones
  const texts = new Array<string>(module.MAX_ENTRIES.value).fill('')
  const keys = [...texts]
  const failure = readFailures(started, texts)
  if (countFailureOf) module.readNumbers()
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
