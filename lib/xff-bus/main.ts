import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { counted } from '../text/counted.js'
import type { OnBadLine } from '../wire/bad-line.js'
import type { Broker } from './broker.js'
import type { Given } from './options.js'
import { readBans, readRequests } from './read.js'
import { writeStage } from './stage.js'
import { createBanWriter } from './write-bans.js'
import { createRequestWriter } from './write-requests.js'
import type { Writer } from './writer.js'

const DEFAULT_SINCE_S = { readRequests: 1_200, readBans: 604_800, writeBans: 86_400 }

export interface Context {
  broker: Broker
  given: Given
  from: string
  now: () => number
  /** ends what is under way */
  stop: AbortController
  warn: (message: string) => void
  onBadLine: OnBadLine
}

interface Metrics {
  counter: (name: string, help: string, read: () => number) => void
  gauge: (name: string, help: string, read: () => number) => void
}

/** What runs between stdin and stdout. */
export interface Running {
  input?: Readable
  stages: NodeJS.ReadWriteStream[]
  summary: () => string
  drain?: () => void
}

/** `xff-bus write requests` */
export function runWriteRequests(context: Context, metrics: Metrics): Promise<Running> {
  const { stop, given } = context
  const run = randomUUID().slice(0, 8)
  const options = { ...context, run, gatherMs: given.gather * 1000, signal: stop.signal }
  return runWriter('request', createRequestWriter(options), context, metrics)
}

/** `xff-bus write bans` */
export function runWriteBans(context: Context, metrics: Metrics): Promise<Running> {
  const { stop, given } = context
  const since = sinceOf(context, DEFAULT_SINCE_S.writeBans)
  const options = { ...context, since, gatherMs: given.gather * 1000, signal: stop.signal }
  return runWriter('decision', createBanWriter(options), context, metrics)
}

async function runWriter(noun: string, writer: Writer, context: Context, metrics: Metrics): Promise<Running> {
  const { tally } = writer
  metrics.counter('written_total', `${noun}s stored`, () => tally.written)
  metrics.counter('known_total', `${noun}s that were stored before, by whomever`, () => tally.known)
  metrics.counter('batches_total', 'batches stored', () => tally.batches)
  metrics.counter('retries_total', 'attempts to store a batch that failed', () => tally.retries)
  metrics.gauge('waiting', `${noun}s that wait to be stored`, writer.waiting)
  commonMetrics(context, metrics, 'stored', writer.current)
  await writer.open()
  return {
    ...writeStage(writer, context.broker.gone, context.stop),
    summary: () =>
      `${counted(tally.written, noun)} written in ${counted(tally.batches, 'batch', 'batches')}, ` +
      `${tally.known} known already, ${tally.retries} retries${unsent(writer.waiting())}`,
  }
}

/** `xff-bus read requests` */
export function runReadRequests(context: Context, metrics: Metrics): Running {
  const { broker, given, stop, warn, now } = context
  const bounds = { late: given.late * 1000, ahead: given.ahead * 1000 }
  const since = sinceOf(context, DEFAULT_SINCE_S.readRequests)
  const reading = {
    broker,
    since,
    isToEnd: given.end,
    warn,
    now,
    signal: stop.signal,
    bounds,
    namesHosts: given['name-hosts'],
  }
  const { input, tally, judged, hosts, newestAt } = readRequests(reading)
  metrics.counter('requests_total', 'requests that count', () => judged.records)
  metrics.counter('late_total', 'requests that came too late to count', () => judged.late)
  metrics.counter(
    'ahead_total',
    "requests that are ahead of the broker's clock, and do not count",
    () => judged.ahead,
  )
  metrics.counter('timeless_total', 'lines without a time', () => judged.timeless)
  metrics.gauge(
    'wrong_hosts',
    'hosts with a wrong clock, or with requests that were late or ahead in the last ten minutes',
    () => hosts.count(now()).wrong,
  )
  metrics.gauge(
    'silent_hosts',
    'hosts that have said nothing for three minutes, and something in the last hour',
    () => hosts.count(now()).silent,
  )
  metrics.gauge(
    'newest_seconds',
    'when the broker got the newest batch that was read, in seconds since 1970',
    () => newestAt() / 1000,
  )
  readMetrics(context, metrics, tally)
  return {
    input,
    stages: [],
    summary: () =>
      `${counted(judged.records, 'request')} in ${counted(tally.batches, 'batch', 'batches')}, ${judged.late} late, ` +
      `${judged.ahead} ahead, ${judged.timeless} without a time, ${tally.bad} bad batches, ${tally.chains.missing} missing`,
  }
}

/** `xff-bus read bans` */
export function runReadBans(context: Context, metrics: Metrics): Running {
  const { broker, given, stop, warn, now } = context
  const since = sinceOf(context, DEFAULT_SINCE_S.readBans)
  const { input, tally } = readBans({ broker, since, isToEnd: given.end, now, warn, signal: stop.signal })
  readMetrics(context, metrics, tally)
  return {
    input,
    stages: [],
    summary: () =>
      `${counted(tally.batches, 'batch', 'batches')}, ${tally.bad} bad, ${tally.chains.missing} missing`,
  }
}

function readMetrics(context: Context, metrics: Metrics, tally: ReturnType<typeof readBans>['tally']): void {
  metrics.counter('batches_total', 'batches read', () => tally.batches)
  metrics.counter('bad_total', 'batches that cannot be read', () => tally.bad)
  metrics.counter('missing_total', 'batches that never came', () => tally.chains.missing)
  commonMetrics(context, metrics, 'read', () => tally.currentAt)
}

/** @param current when all was stored, or read, that was there */
function commonMetrics(
  { broker }: Context,
  metrics: Metrics,
  done: 'stored' | 'read',
  current: () => number,
): void {
  metrics.gauge(
    'current_seconds',
    `when all was ${done} that was there, in seconds since 1970; 0: never yet`,
    () => current() / 1000,
  )
  metrics.gauge('connected', 'whether the broker is there', () => Number(broker.isConnected()))
  metrics.counter('reconnects_total', 'how often the connection was lost and made again', broker.reconnects)
}

function sinceOf({ given, now }: Context, fallbackSeconds: number): number {
  return Math.max(0, now() - (given.since ?? fallbackSeconds) * 1000)
}

function unsent(waiting: number): string {
  return waiting === 0 ? '' : `, ${waiting} not stored: they come again when the log is read again`
}
