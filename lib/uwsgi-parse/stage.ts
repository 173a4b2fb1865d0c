import type { Duplex, Transform } from 'node:stream'
import { transform } from 'through2'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import type { OnBadLine } from '../wire/bad-line.js'
import { parseInstant } from '../wire/instant.js'
import { encodeLine } from '../wire/jsonl.js'
import { linesOf, wholeLines } from '../wire/lines.js'
import type { RequestRecord } from '../wire/record.js'
import type { Attribution } from './address-slot.js'
import { advise } from './advice.js'
import { openBlockReader } from './block-reader.js'
import { type Client, rememberClients } from './client.js'
import { fastStage } from './fast-stage.js'
import { compileParser, type Parse, type Parsed, type Unparsed } from './full-parser.js'
import type { Format } from './layout/log-format.js'
import { LINE_BYTES } from './layout/uwsgi.js'
import { createStretch, isSampled, lastTally, type Stretch } from './stretch.js'
import { countDoubt, countPrivateClient, createTally, keepUnknownSlot, type Tally } from './tally.js'
import { type LogClock, logClock } from './time/log-clock.js'
import type { Zone } from './time/zone.js'
import { LOOK_AT } from './unnamed-proxies.js'
import { type UnreadLog, watchUnreadLog } from './unread-log.js'

export interface Options {
  /** which statuses become records */
  wanted: (status: number) => boolean
  attribution: Attribution
  zone: Zone
  format: Format
  /** the member that holds the line, where a log encoder wrote JSON */
  field?: string | undefined
  /** requests before this are skipped; milliseconds since 1970 */
  since?: number | undefined
  /** takes the lines that were not parsed */
  unparsed?: ((line: string) => void) | undefined
  /** takes advice for people */
  warn: (advice: string) => void
  onBadLine: OnBadLine
  /** what is written of a line instead of its record */
  explain?: ((parsed: Parsed, line: number) => string) | undefined
  /** how long the stretches are of which a tally is written, in milliseconds; 0: none is */
  tallyMs?: number
  /** whether every line goes through the full parser, for a comparison */
  thorough?: boolean
}

/** Where a log is read live, its end never comes: advice is due after this many wanted requests too. */
const ADVISE_AT = 1000

/**
 * Log bytes in, request records out, as bytes: whole blocks of lines at a time, so that a record leaves as soon as
 * its line has come, and a replay pays neither a write nor an object for each.
 */
export function uwsgiParse(options: Options): { stages: Duplex[]; tally: Tally; newest: () => number } {
  const tally = createTally()
  const clock = logClock(options.zone)
  const counters = createCounters(options, tally)
  const { tallyMs = 0 } = options
  const stretch = tallyMs === 0 || options.explain ? undefined : createStretch(tallyMs)
  const parse = compileFullParser(options, tally, clock, counters.countRecord, stretch)
  const fast =
    isPlain(options) && !options.explain && !options.thorough
      ? openBlockReader(options, tally, clock, counters, stretch, parse)
      : null
  const unread = watchUnreadLog({ tally, ...options })
  return {
    stages: [
      wholeLines(),
      fast ? fastStage(fast, unread, stretch) : fullStage(tally, parse, unread, stretch),
    ],
    tally,
    newest: clock.newest,
  }
}

/** Whether a line of this log tells all by itself. */
function isPlain({ format, field, since }: Options): boolean {
  // the fast path leaves longer lines to the full parser
  const isOwn = format.isOwn && format.tail === undefined && format.cutAt > LINE_BYTES
  return (isOwn || !format.isOwn) && field === undefined && since === undefined && !format.isSplit
}

export interface Counters {
  /** @param slot the address slot in which the client stands; empty where that is doubted */
  countRecord: (client: Client | null, slot: string) => void
  /** whether every record has still to be counted at once, since advice is due */
  isWatching: () => boolean
}

function createCounters({ warn, format, attribution }: Options, tally: Tally): Counters {
  return {
    countRecord(client, slot) {
      tally.wanted += 1
      if (client === null || client.ip === null) tally.unattributed += 1
      // where hops are counted, that many proxies are known
      else if (!attribution.counted) tally.proxies.saw(client, slot)
      // behind uwsgi_pass a list is not believed, whoever is in it
      const isList = format.socket !== 'uwsgi'
      if (isList) tally.trustedAlone.saw(slot, client !== null && client.ip !== null)
      if (LOOK_AT.includes(tally.wanted))
        for (const advice of [...tally.proxies.about(tally.wanted), ...tally.trustedAlone.about()])
          warn(advice)
      if (tally.wanted === ADVISE_AT) for (const advice of advise(tally, format)) warn(advice)
    },
    isWatching: () => tally.wanted < ADVISE_AT,
  }
}

/** Reads a line and counts it; gives what is to be written of it. */
export type ParseLine = ((text: string) => string) & Pick<Parse, 'isPending'>

function compileFullParser(
  options: Options,
  tally: Tally,
  clock: LogClock,
  countRecord: Counters['countRecord'],
  stretch: Stretch | undefined,
): ParseLine {
  const { format, field, since } = options
  const client = rememberClients(options.attribution.client)
  const parse = compileParser({ format, field, attribution: { ...options.attribution, client }, clock })
  const write = (parsed: Parsed): string => {
    tally.requests += 1
    const { status, time, ip, via } = parsed.record
    // one without an answer has failed
    const isWanted = status === undefined || options.wanted(status)
    if (since !== undefined && time !== null && parseInstant(time) < since) {
      if (isWanted) tally.skipped += 1
      return ''
    }
    const over = stretch ? countInStretch(stretch, parsed.record, isWanted, tally.lines) : ''
    if (!isWanted) return over
    if (ip !== null && via === undefined && client(ip).isPrivate) countPrivateClient(tally, ip)
    if (parsed.doubt !== undefined) countDoubt(tally, parsed.doubt)
    else if (ip === null && !format.isOwn) keepUnknownSlot(tally, via ?? '')
    if (ip === null) countRecord(null, parsed.doubt === undefined ? (via ?? '') : '')
    else countRecord(client(via ?? ip), via ?? ip)
    return options.explain ? options.explain(parsed, tally.lines) : over + encodeLine(parsed.record)
  }
  const parseLine = (text: string): string => {
    const parsed = parse(text)
    if (isParsed(parsed)) return parsed.map(write).join('')
    const { kind, isDamaged } = parsed
    tally.unparsed += 1
    if (isDamaged) tally.damaged += 1
    options.unparsed?.(text)
    if (kind !== undefined) options.onBadLine({ line: tally.lines, kind, text })
    return ''
  }
  return Object.assign(parseLine, { isPending: parse.isPending })
}

/** Counts a request in its stretch. @returns the tally of the stretch that is over, as a line */
function countInStretch(stretch: Stretch, record: RequestRecord, isWanted: boolean, line: number): string {
  const { time, status, ip } = record
  const isLookedAt = isWanted || isSampled(line)
  const over = isLookedAt && time !== null ? stretch.reach(parseInstant(time)) : undefined
  if (isLookedAt && ip !== null) stretch.sawClient(ip)
  const isError = isWanted && (status === undefined || status >= 500)
  stretch.count({ requests: 1, failures: Number(isWanted), errors: Number(isError), clients: 0 })
  return over ? encodeLine(over) : ''
}

function isParsed(parsed: readonly Parsed[] | Unparsed): parsed is readonly Parsed[] {
  return Array.isArray(parsed)
}

/** Every line through the full parser. */
function fullStage(
  tally: Tally,
  parse: ParseLine,
  unread: UnreadLog,
  stretch: Stretch | undefined,
): Transform {
  return transform(
    (block: OwnedBuffer, _encoding, done) => {
      let written = ''
      unread.before(block)
      for (const line of linesOf(block)) {
        tally.lines += 1
        written += parse(line)
      }
      unread.after()
      release(block)
      done(null, Buffer.from(written))
    },
    function (this: Transform, done: () => void) {
      const last = lastTally(stretch)
      if (last) this.push(last)
      unread.end()
      done()
    },
  )
}
