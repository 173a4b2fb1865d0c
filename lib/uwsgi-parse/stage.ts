import type { Duplex } from 'node:stream'
import split2 from 'split2'
import type { Report } from '../fault.js'
import { MAX_LINE, wholeLines } from '../lines.js'
import { formatInstant, type RequestRecord } from '../record.js'
import type { Client } from './client.js'
import { DEFAULT_LAYOUT, type Reading, readLine } from './line.js'
import { logClock, parseCtime, type Zone } from './time.js'

export interface Options {
  /** which answers become records */
  wanted: (status: number) => boolean
  /** the client in an address slot */
  client: (slot: string) => Client
  zone: Zone
}

/** What was in the log; `requests` = those wanted + those not. */
export interface Tally {
  lines: number
  requests: number
  /** requests with a wanted status: the records that were written */
  wanted: number
  /** lines of other things: banners, tracebacks, what the app prints */
  foreign: number
  /** wanted requests whose client cannot be known */
  unattributed: number
}

/** Log lines in, request records out. */
export function uwsgiParse(options: Options, report: Report): { stages: Duplex[]; tally: Tally } {
  const tally: Tally = { lines: 0, requests: 0, wanted: 0, foreign: 0, unattributed: 0 }
  const clock = logClock(options.zone)

  const parse = (text: string): RequestRecord | undefined => {
    tally.lines += 1
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    const tooLong = line.length > MAX_LINE
    const reading = tooLong ? null : readLine(line, DEFAULT_LAYOUT)
    if (!reading) {
      tally.foreign += 1
      if (tooLong) report({ line: tally.lines, kind: `longer than ${MAX_LINE} characters`, text })
      return undefined
    }
    tally.requests += 1
    const record = toRecord(reading, options, clock)
    if (!options.wanted(record.status as number)) return undefined
    tally.wanted += 1
    if (record.ip === null) tally.unattributed += 1
    return record
  }

  return { stages: [wholeLines(), split2('\n', parse)], tally }
}

function toRecord(
  { fields, disputed, slots }: Reading,
  options: Options,
  clock: (wall: number, msecs: number) => number,
): RequestRecord {
  const msecs = Number(fields.duration) / (fields.unit === 'micros' ? 1000 : 1)
  const wall = disputed.has('ctime') ? Number.NaN : parseCtime(fields.ctime as string)
  const time = clock(wall, msecs)
  const client = agreedClient(slots, options.client)
  const dated = time >= 0 && time < END_OF_TIME
  const ip = dated && client ? client.ip : null
  const listed = ip === null || client?.listed
  return {
    type: 'request',
    time: dated ? formatInstant(time) : null,
    ip,
    status: Number(fields.status),
    method: fields.method as string,
    uri: fields.uri as string,
    protocol: fields.protocol as string,
    ...(fields.user === '' ? {} : { user: fields.user as string }),
    bytes: Number(fields.bytes),
    msecs,
    ...(listed ? { via: fields.addr as string } : {}),
  }
}

/** The year 10000, where ISO 8601 needs a sign. */
const END_OF_TIME = 253_402_300_800_000

/** The client on whom all readings of the address slot agree. */
function agreedClient(slots: readonly string[], find: (slot: string) => Client): Client | null {
  const [first, ...others] = slots.map(find)
  return first && others.every(other => other.ip === first.ip) ? first : null
}
