import { randomBytes } from 'node:crypto'
import { ownAddresses } from '../../net/own-addresses.js'
import { isPrivate } from '../../net/private.js'
import { translationsNow } from '../backend/nat/translations.js'
import { reachOf } from '../backend/reach.js'
import type { Asking, CheckOptions } from './check.js'
import { jailsInKernel, type KernelJail } from './kernel.js'
import { countAll, difference, silenceOfAll } from './packets.js'
import type { Reading } from './reading.js'
import { tryBan } from './real-ban.js'
import { ask, marked } from './request.js'
import type { Step } from './verdict.js'

/** Whether what enforces bans sees the same client. */
export async function banPoint(asking: Asking, { ip }: Reading, jail: KernelJail | undefined): Promise<Step> {
  const { options } = asking
  if (ip === null) return untold('not looked at, since the log names no client')
  const counted = jail && (await countClient(asking, jail, ip))
  if (counted && (counted.ok === false || !options.really)) return counted
  if (options.really) return await banForReal(asking, ip)
  return await unseenWithoutBan(options, ip)
}

function untold(what: string, cure?: string): Step {
  return { step: 'ban point', ok: null, what, ...(cure === undefined ? {} : { cure }) }
}

/** Where no xff-ban of this name runs, nor has left anything in the kernel. */
async function nobodyBans({ ports, name }: CheckOptions): Promise<Step> {
  const jails = await jailsInKernel().catch(() => [])
  const other = jails.find(jail => ports.every(port => jail.ports.includes(port)))
  return other
    ? untold(`the kernel has no jail ${name}, but one that is called ${other.name}`, `--name ${other.name}`)
    : untold(
        `no xff-ban ${name} runs, and the kernel has no jail of this name`,
        'start it here, or give its --name and --state, and check again',
      )
}

/** Where nothing but a ban shows whether it bites, and none may be made. */
async function unseenWithoutBan(options: CheckOptions, ip: string): Promise<Step> {
  const { isRunning, exempt, ports } = options
  if (!(await isRunning().catch(() => true))) return await nobodyBans(options)
  const silence = silenceOfAll(await reachOf(ports, await translationsNow(ports)))
  if (silence) return { step: 'ban point', ok: false, ...silence }
  const unseen = `whether a ban refuses ${ip} cannot be seen without one, since no kernel program counts here`
  // of this host, which need not be that of xff-ban
  const never = ownAddresses().includes(ip) && !isPrivate(ip) ? undefined : exempt(ip)
  return never === undefined
    ? untold(
        unseen,
        `check again with --really: it bans ${ip} for a few seconds, and everybody who shares that address`,
      )
    : untold(unseen, `${ip} is never banned (${never}): check with --really from a machine that may be`)
}

/** What refuses the banned need not be what bans: that may run by cron, or not at all. */
export async function noteWhoBans({ isRunning, name }: CheckOptions, step: Step): Promise<Step> {
  if (step.ok !== true || (await isRunning().catch(() => true))) return step
  return { ...step, what: `${step.what}; but no xff-ban ${name} runs, and nobody is banned until one does` }
}

/** Has the kernel count one more request of the client, by a ban that has ended long ago. */
async function countClient({ options, route }: Asking, jail: KernelJail, ip: string): Promise<Step> {
  const step = 'ban point'
  if (!(await jail.mark(ip))) return untold(`${ip} is banned already`, `xff-ban unban ${ip}`)
  try {
    const before = await countAll(jail)
    await ask(marked(options.url, randomBytes(8).toString('hex')), route, options.waitMs)
    const seen = difference(before, await countAll(jail))
    const [hit] = [...seen].filter(([, { expired }]) => expired > 0)
    if (!hit) {
      const ports = [...seen].filter(([, { requests }]) => requests > 0).map(([{ port }]) => port)
      if (ports.length === 0) {
        return {
          step,
          ok: false,
          what: 'the kernel saw the first request and not the second',
          cure: 'a cache has answered it, or another app: xff-ban is needed at each app that this front end has',
        }
      }
      return {
        step,
        ok: false,
        what: `port ${ports.join(', ')} saw a request, and another client than ${ip}, whom the log names`,
        cure: 'give xff-ban the same --trust and --hops as uwsgi-parse, and --header if the client is in another header',
      }
    }
    const [{ port }, { requests }] = hit
    if (requests > 1 && (await jail.hasEnded(ip, options.sinceBoot))) {
      return untold(`port ${port} counted other requests at the same time`, 'check again')
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
