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

export interface Options {
  failing: (status: number) => boolean
  /** the key under which an address is counted */
  keyOf: (ip: string) => string
  /**
   * Reads a line of any other shape, and counts it.
   * @param line which of its block it is, from 1 on
   */
  readThoroughly: (text: string, line: number) => void
  /**
   * Counts a failure.
   * @param time milliseconds since 1970
   * @param text gives its line
   */
  countFailure: (ip: string, key: string, time: number, text: () => string) => void
}

/** What was read of a block, but for what was read thoroughly. */
export interface Read {
  lines: number
  requests: number
  failures: number
  /** failures without a client */
  unattributed: number
}

/** Reads a block of whole lines in the shape in which uwsgi-parse writes requests. */
export type Quick = (block: Buffer) => Read

/** What assembly/index.ts exports. */
interface Exports extends InputBuffers {
  failing: Global
  PLACES: Global
  requests: Global
  failures: Global
  unattributed: Global
  read: (start: number, size: number) => number
}

const MINUTE = /^[2-9]\d{3}-\d\d-\d\dT\d\d:\d\d:$/
const UP_TO_MINUTE = 17

/** @returns null where the machine cannot run it */
export function compileQuick({ failing, keyOf, readThoroughly, countFailure }: Options): Quick | null {
  let linesBefore = 0
  // of the failure that is being counted
  let start = 0
  let end = 0
  const text = () => memory.toString('utf8', start, end)

  const started: Started<Exports> | null = startModule(code, {
    readThoroughly(start, end, line) {
      readThoroughly(memory.toString('utf8', start, end), linesBefore + line)
    },
    minuteOf(start): number {
      const minute = memory.toString('latin1', start, start + UP_TO_MINUTE)
      return MINUTE.test(minute) ? parseInstant(`${minute}00.000Z`) : Number.NaN
    },
    isAddress(start, length, index) {
      const ip = memory.toString('latin1', start, start + length)
      if (isIP(ip) === 0) return 0
      addresses[index] = ip
      keys[index] = keyOf(ip)
      return 1
    },
    countFailure(index, time, from, to) {
      start = from
      end = to
      countFailure(addresses[index] as string, keys[index] as string, time, text)
    },
  })
  if (!started) return null
  const { exports: module, memory }: Started<Exports> = started
  // one text for all lines that an address is in, by the number of its place; arrays with holes are slow ones
  const addresses = new Array<string>(module.PLACES.value).fill('')
  const keys = [...addresses]
  for (let status = 0; status < 1000; status++)
    memory[module.failing.value + status] = failing(status) ? 1 : 0

  const piecesOf = openInputBuffers(started)
  return block => {
    const read = { lines: 0, requests: 0, failures: 0, unattributed: 0 }
    for (const [start, size] of piecesOf(block)) {
      linesBefore = read.lines
      read.lines += module.read(start, size)
      read.requests += module.requests.value
      read.failures += module.failures.value
      read.unattributed += module.unattributed.value
    }
    return read
  }
}
