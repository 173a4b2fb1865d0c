import { randomBytes } from 'node:crypto'
import { codeOf, messageOf } from '../../exit.js'
import type { Reply } from '../jail/batch.js'
import { banPoint, noteWhoBans } from './ban-point.js'
import { judgeClient } from './client.js'
import { openKernelJail } from './kernel.js'
import { logProblem, logStep } from './log.js'
import { watchLog } from './log-watch.js'
import { blindness, countAll, difference } from './packets.js'
import { type Reading, type ReadingOptions, readFound } from './reading.js'
import { type Answer, ask, marked, type Route, routeTo } from './request.js'
import type { Step, Verdict } from './verdict.js'

export interface CheckOptions {
  url: URL
  log: string
  waitMs: number
  /** whether the client may be banned for some seconds */
  really: boolean
  reading: ReadingOptions
  /** of the jail */
  name: string
  /** `--port` */
  ports: readonly number[]
  /** what starts uwsgi-parse */
  parser: readonly string[]
  exempt: (ip: string) => string | undefined
  now: () => number
  monotonic: () => number
  /** milliseconds since boot */
  sinceBoot: () => number
  /** whether an xff-ban of this name runs */
  isRunning: () => Promise<boolean>
  ban: (ip: string, until: string) => Promise<Reply[]>
  unban: (ip: string) => Promise<Reply[]>
  warn: (message: string) => void
}

/** Where the requests of a check go, and what they came to. */
export interface Asking {
  options: CheckOptions
  route: Route
  first: Answer
}

/**
 * Sends a marked request through the real front end, and finds out how far it comes: into the log, to its client, and to
 * where bans are enforced. Nothing waits longer than it may, and nothing is banned unless that was asked for.
 */
export async function check(options: CheckOptions): Promise<Verdict> {
  const steps: Step[] = []
  const verdict = (client: string | null): Verdict => ({
    url: options.url.href,
    ok: steps.length === 5 && steps.every(({ ok }) => ok === true),
    client,
    steps,
  })
  const log = watchLog(options.log, options.monotonic)
  try {
    const jail = await openKernelJail(options.name).catch(error => {
      options.warn(`the kernel program cannot be looked at: ${messageOf(error)}`)
      return undefined
    })
    const before = jail && (await countAll(jail))
    const token = randomBytes(8).toString('hex')
    const asking = await send(options, token)
    steps.push(requestStep(asking))
    if (asking.first.status === undefined) return verdict(null)

    const found = await log.find(token, options.waitMs)
    steps.push(found ? logStep(options.log, log) : logProblem(options.log, log, asking.first, options.waitMs))
    const seen = jail && before && difference(before, await countAll(jail))
    const blind = seen && (await blindness(seen, portOf(options.url)))
    if (!found) {
      if (blind) steps.push(blind)
      return verdict(null)
    }
    const reading = await readFound(options.parser, found, token, options.reading)
    if ('step' in reading) {
      steps.push(reading, ...(blind ? [blind] : []))
      return verdict(null)
    }
    steps.push(readingStep(reading), judgeClient(reading, asking.first, options.exempt))
    steps.push(blind ?? (await noteWhoBans(options, await banPoint(asking, reading, jail))))
    return verdict(reading.ip)
  } finally {
    log.close()
  }
}

/** Where the front end is asked. */
function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

async function send(options: CheckOptions, token: string): Promise<Asking> {
  const { url, waitMs, warn, really } = options
  try {
    const route = await routeTo(url)
    const own = marked(url, token)
    const more = really ? ', and with --really again until one of them is refused' : ''
    warn(`sends GET ${own.href} to ${route.address}, and once more with another mark${more}`)
    return { options, route, first: await ask(own, route, waitMs) }
  } catch (error) {
    const route = { host: url.hostname, address: url.hostname, from: undefined }
    return {
      options,
      route,
      first: { error: codeOf(error) === 'ENOTFOUND' ? 'no such host' : messageOf(error) },
    }
  }
}

function requestStep({ options: { url }, first }: Asking): Step {
  const step = 'request'
  const { status, error, from, to } = first
  if (status !== undefined) {
    return { step, ok: true, what: `${to} answered ${status}${from === undefined ? '' : ` to ${from}`}` }
  }
  return {
    step,
    ok: false,
    what: `no answer from ${to ?? url.host}: ${error}`,
    cure: 'the URL has to be that of the front end, as clients open it',
  }
}

function readingStep({ status, ip }: Reading): Step {
  return {
    step: 'reading',
    ok: true,
    what: `a request, answered ${status ?? 'by nobody'}, of ${ip ?? 'an unknown client'}`,
  }
}
