import code from '#assembly/uwsgi-parse'
import { acquire, asOwned, type OwnedBuffer, partOf } from '../fast/buffer-pool.js'
import {
  type Global,
  type InputBuffers,
  openInputBuffers,
  type Started,
  startModule,
} from '../fast/module.js'
import { formatInstant } from '../wire/instant.js'
import type { FindClient } from './client.js'
import type { FastLayout } from './fast-layout.js'
import { type LayoutTable, tellLayout } from './fast-layout-table.js'
import { type TrustTable, tellTrust } from './fast-trust.js'
import type { Stretch } from './stretch.js'
import { bindStretch, type StretchCounts } from './stretch-counts.js'
import type { LogClock } from './time/log-clock.js'

export interface Options {
  /** is told where the machine cannot run it */
  warn: (message: string) => void
  wanted: (status: number) => boolean
  client: FindClient
  clock: LogClock
  /**
   * Reads a line that is out of the ordinary with the full parser.
   * @param line which of its block it is, from 1 on
   * @returns its record as a line, or nothing; and whether it is a request
   */
  parseFully: (text: string, line: number) => { written: string; isRequest: boolean }
  /** whether the line behind one that was parsed fully has to be, too */
  isPending?: () => boolean
  /** how lines look, and how they are read */
  layout: FastLayout
  /**
   * Counts a record, by the address slot of its line.
   * @returns whether it has to be told of the next one, too: else they are counted here
   */
  countRecord: (slot: string) => boolean
  /** the stretches into which the log is tallied; undefined: it is not */
  stretch?: Stretch | undefined
  /** is told of a request from a slot that holds one private address and nothing else */
  countPrivate: (slot: string) => void
}

/** What was read of a block. */
export interface BlockCounts {
  lines: number
  /** of the requests that were not parsed fully, how many there are; and of those not yet counted, the records */
  requests: number
  wanted: number
  unattributed: number
}

/** A reader of ordinary lines from bytes to bytes. */
export interface FastPath {
  /**
   * Reads a block of whole lines.
   * @param maySkip whether lines may go unread whose status nobody wants
   */
  read: (block: Buffer, maySkip: boolean) => BlockCounts
  /** Has everything counted that was read. */
  end: () => void
  /** How many bytes of records are gathered. */
  size: () => number
  /** The records gathered, as lines, which leaves none; undefined where there are none. */
  take: () => OwnedBuffer | undefined
}

/** What assembly/index.ts exports. */
interface Exports extends InputBuffers, StretchCounts, TrustTable, LayoutTable {
  output: Global
  written: Global
  wanted: Global
  requests: Global
  records: Global
  unattributed: Global
  newest: Global
  read: (start: number, size: number, maySkip: boolean) => number
  doubtNext: (isDoubtful: boolean) => void
  keepDate: (length: number) => void
  reserve: (size: number) => number
  commit: (end: number) => void
  CLIENT: Global
  keepClient: (
    place: number,
    length: number,
    unknown: boolean,
    listed: boolean,
    isPrivate: boolean,
    mark: number,
  ) => void
}

/** What a date of a layout takes at the most. */
const MAX_DATE_LENGTH = 64

/** What one write takes at the most, unless lines become records that are much longer; in bytes. */
const WRITE_BYTES = 512 * 1024

/** @returns null where the machine cannot run it */
export function compileFastPath(options: Options): FastPath | null {
  const { client, clock, wanted, layout, parseFully, countRecord, countPrivate, stretch } = options
  // records that have left the memory of the module, since that was full
  let full: OwnedBuffer[] = []
  let linesBefore = 0

  const started: Started<Exports> | null = startModule(code, options.warn, {
    parseFully(start, end, line): number {
      clock.saw(module.newest.value)
      let isRequest = false
      tallies.sync(() => {
        const parsed = parseFully(memory.toString('utf8', start, end), linesBefore + line)
        isRequest = parsed.isRequest
        write(parsed.written)
      })
      module.doubtNext(options.isPending?.() ?? false)
      return Number(isRequest)
    },
    flush: () => void full.push(drain()),
    dateOf(start, end): number {
      const date = layout.readDate?.(textAt(start, Math.min(end - start, MAX_DATE_LENGTH)), clock)
      if (date) module.keepDate(date.length)
      return date?.instant ?? Number.NaN
    },
    writeMinute(to, instant) {
      memory.write(formatInstant(instant).slice(0, 17), to, 'latin1')
    },
    fillClient(place, length) {
      const { ip, isListed, isPrivate } = client(textAt(place, length))
      const shown = ip === null || isListed
      const size = memory.write(JSON.stringify(ip), place + module.CLIENT.value, 'latin1')
      module.keepClient(place, size, ip === null, shown, isPrivate && !shown, tallies.placeOf(ip))
    },
    reach: time => tallies.sync(() => write(tallies.reach(time))),
    countRecord: (start, length) => Number(countRecord(textAt(start, length))),
    countPrivate(start, length) {
      countPrivate(textAt(start, length))
    },
  })
  if (!started) return null
  const { exports: module, memory }: Started<Exports> = started
  const tallies = bindStretch(module, memory, stretch)
  if (client.trust) tellTrust(module, memory, client.trust)
  tellLayout(module, memory, layout)
  for (let status = 0; status < 1000; status++) memory[module.wanted.value + status] = wanted(status) ? 1 : 0

  const write = (text: string) => {
    // a UTF-16 unit is 3 bytes at the most
    const at = module.reserve(3 * text.length)
    module.commit(at + memory.write(text, at))
  }
  const textAt = (start: number, length: number): string => memory.toString('latin1', start, start + length)
  const drain = () => drained(module, memory)

  const piecesOf = openInputBuffers(started)
  const gathered = () => module.written.value - module.output.value
  return {
    read(block, maySkip) {
      const read = { lines: 0, requests: 0, wanted: 0, unattributed: 0 }
      for (const [start, size] of piecesOf(block)) {
        linesBefore = read.lines
        read.lines += module.read(start, size, maySkip)
        read.requests += module.requests.value
        read.wanted += module.records.value
        read.unattributed += module.unattributed.value
      }
      return read
    },
    end: tallies.take,
    size: () => full.reduce((sum, { length }) => sum + length, gathered()),
    take() {
      const records =
        full.length > 0 ? asOwned(Buffer.concat([...full, drain()])) : gathered() > 0 ? drain() : undefined
      full = []
      return records
    },
  }
}

/** The records in the memory of a module, which are then none. */
function drained(module: Exports, memory: Buffer): OwnedBuffer {
  const { value: start } = module.output
  const { value: end } = module.written
  const records =
    end - start > WRITE_BYTES ? asOwned(Buffer.allocUnsafeSlow(end - start)) : acquire(WRITE_BYTES)
  const size = memory.copy(records, 0, start, end)
  module.commit(start)
  return partOf(records, 0, size)
}
