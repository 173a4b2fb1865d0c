import { randomBytes } from 'node:crypto'
import { codeOf, messageOf } from '../../exit.js'
import { ownAddresses } from '../../net/own-addresses.js'
import { isPrivate } from '../../net/private.js'
import type { Reply } from '../jail/batch.js'
import { judgeClient } from './client.js'
import { jailsInKernel, type KernelJail, openKernelJail } from './kernel.js'
import { logProblem, logStep } from './log.js'
import { watchLog } from './log-watch.js'
import { blindness, countAll, difference, unseen } from './packets.js'
import { type Reading, type ReadingOptions, readFound } from './reading.js'
import { tryBan } from './real-ban.js'
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
interface Asking {
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
    const blind = seen && (await blindness(seen))
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

/** Whether what enforces bans sees the same client. */
async function banPoint(asking: Asking, { ip }: Reading, jail: KernelJail | undefined): Promise<Step> {
  const { options } = asking
  const step = 'ban point'
  if (ip === null) return { step, ok: null, what: 'not looked at, since the log names no client' }
  const counted = jail && (await countClient(asking, jail, ip))
  if (counted && (counted.ok === false || !options.really)) return counted
  if (options.really) return await banForReal(asking, ip)
  const [other] = await jailsInKernel().catch(() => [])
  if (other && !jail && options.ports.every(port => other.ports.includes(port))) {
    return {
      step,
      ok: null,
      what: `the kernel has no jail ${options.name}, but one that is called ${other.name}`,
      cure: `--name ${other.name}`,
    }
  }
  if (options.ports.length > 0 && (await isUnreached(options.ports))) return await unseen(options.ports)
  return await unseenWithoutBan(options, ip)
}

/** Where nothing but a ban shows whether it bites, and none may be made. */
async function unseenWithoutBan({ isRunning, name, exempt }: CheckOptions, ip: string): Promise<Step> {
  const unseen = {
    step: 'ban point',
    ok: null,
    what: `whether a ban refuses ${ip} cannot be seen without one, since no kernel program counts here`,
  } as const
  if (!(await isRunning().catch(() => true)))
    return {
      ...unseen,
      cure: `no xff-ban ${name} runs: start it (or give its --name and --state), and check again`,
    }
  // of this host, which need not be that of xff-ban
  const never = ownAddresses().includes(ip) && !isPrivate(ip) ? undefined : exempt(ip)
  if (never !== undefined) {
    return {
      ...unseen,
      cure: `${ip} is never banned (${never}): check with --really from a machine that may be`,
    }
  }
  return {
    ...unseen,
    cure: `check again with --really: it bans ${ip} for a few seconds, and everybody who shares that address`,
  }
}

/** What refuses the banned need not be what bans: that may run by cron, or not at all. */
async function noteWhoBans({ isRunning, name }: CheckOptions, step: Step): Promise<Step> {
  if (step.ok !== true || (await isRunning().catch(() => true))) return step
  return { ...step, what: `${step.what}; but no xff-ban ${name} runs, and nobody is banned until one does` }
}

/** Whether none of the ports is listened on here. */
async function isUnreached(ports: readonly number[]): Promise<boolean> {
  const { currentListeners } = await import('../backend/iptables/listeners.js')
  const listeners = await currentListeners()
  return listeners !== undefined && !listeners.some(({ port }) => ports.includes(port))
}

/** Has the kernel count one more request of the client, by a ban that has ended long ago. */
async function countClient({ options, route }: Asking, jail: KernelJail, ip: string): Promise<Step> {
  const step = 'ban point'
  if (!(await jail.mark(ip))) return { step, ok: null, what: `${ip} is banned already: xff-ban unban ${ip}` }
  try {
    const before = await countAll(jail)
    await ask(marked(options.url, randomBytes(8).toString('hex')), route, options.waitMs)
    const seen = difference(before, await countAll(jail))
    const [hit] = [...seen].filter(([, { expired }]) => expired > 0)
    if (!hit) {
      const ports = [...seen].filter(([, { requests }]) => requests > 0).map(([{ port }]) => port)
      return {
        step,
        ok: false,
        what:
          ports.length === 0
            ? 'the kernel saw the first request and not the second'
            : `port ${ports.join(', ')} saw a request, and another client than ${ip}, whom the log names`,
        cure: 'give xff-ban the same --trust and --hops as uwsgi-parse, and --header if the client is in another header',
      }
    }
    const [{ port }, { requests }] = hit
    if (requests > 1 && (await jail.hasEnded(ip, options.sinceBoot))) {
      return { step, ok: null, what: `port ${port} counted other requests at the same time: try again` }
    }
    return { step, ok: true, what: `the kernel saw ${ip} ask at port ${port}` }
  } finally {
    await jail.unmark(ip)
  }
}

async function banForReal({ options, route, first }: Asking, ip: string): Promise<Step> {
  return await tryBan({
    ...options,
    client: ip,
    before: first,
    ask: () => ask(marked(options.url, randomBytes(8).toString('hex')), route, options.waitMs),
  })
}
