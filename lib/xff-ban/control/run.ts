import { finished } from 'node:stream/promises'
import type { Reply } from '../jail/batch.js'
import type { Order } from '../jail/decide.js'
import type { XffBan } from '../stage.js'
import { ask, ControlError } from './client.js'
import { MAX_ORDERS } from './server.js'
import type { Change, Subcommand } from './subcommand.js'
import type { Target } from './target-list.js'

/** What people say with what they ask for. */
export interface Asked {
  /** when it ends, ISO 8601; none: as it is set where it is carried out */
  until?: string
  reason?: string
  note?: string
  by?: string
}

export interface RunOptions {
  /** where a running xff-ban listens; undefined: do not ask there */
  socket: string | undefined
  /** what is said of all that is asked for */
  asked: Asked
  /** Opens the jail, for when no xff-ban runs. */
  open: (flush: boolean) => Promise<XffBan>
}

/**
 * Has a subcommand carried out by the xff-ban that runs, or does it here when none does.
 * @returns the replies, one for each address
 * @throws ControlError, JournalError, BackendError
 */
export async function runSubcommand(
  subcommand: Exclude<Subcommand, { verb: 'filter' | 'list' | 'allowed' | 'check' | 'crawlers' }>,
  { socket, asked, open }: RunOptions,
): Promise<Reply[]> {
  if (subcommand.verb === 'flush') {
    const bans = socket === undefined ? undefined : await ask(socket, [])
    const replies = bans && socket !== undefined ? await askInPortions(socket, endOf(bans)) : undefined
    return replies ?? (await flushHere(await open(true)))
  }
  if (subcommand.verb === 'release' || subcommand.verb === 'drop') {
    return await settle(subcommand.verb, subcommand.targets, socket)
  }
  const { verb, targets } = subcommand
  const orders = targets.map(target => orderOf(verb, target, asked))
  const replies = socket === undefined ? undefined : await askInPortions(socket, orders)
  return replies ?? (await carryOutHere(await open(false), orders))
}

function orderOf(verb: Change, target: Target, asked: Asked): Order {
  const { ip, list, note = asked.note } = target
  const { until, by } = asked
  const reason = asked.reason ?? (verb === 'ban' && list !== undefined ? `listed in ${list}` : undefined)
  const also = {
    ...(reason === undefined ? {} : { reason }),
    ...(note === undefined ? {} : { note }),
    ...(by === undefined ? {} : { by }),
  }
  return { type: verb, ip, ...also, ...(until === undefined ? {} : { until }) }
}

/** What ends all bans of the list, or lets them not begin. */
function endOf(list: readonly Reply[]): Order[] {
  return list.flatMap(({ type, ip }) => {
    if (type === 'held') return { type: 'drop', ip }
    return type === 'ban' ? { type: 'unban', ip } : []
  })
}

/** @param targets none: all that is held back */
async function settle(
  type: 'release' | 'drop',
  targets: readonly string[],
  socket: string | undefined,
): Promise<Reply[]> {
  const held = async (path: string) =>
    (await ask(path, []))?.filter(record => record.type === 'held').map(({ ip }) => ip)
  const ips = socket === undefined || targets.length > 0 ? targets : await held(socket)
  const orders = ips?.map(ip => ({ type, ip }))
  const replies = socket !== undefined && orders ? await askInPortions(socket, orders) : undefined
  if (!replies) throw new ControlError('no xff-ban of this name is running, so that no ban is held back')
  return replies
}

/** Asks in portions that fit. @returns undefined when no xff-ban runs */
async function askInPortions(socket: string, orders: readonly Order[]): Promise<Reply[] | undefined> {
  const replies: Reply[] = []
  for (let i = 0; i < orders.length; i += MAX_ORDERS) {
    const some = await ask(socket, orders.slice(i, i + MAX_ORDERS))
    if (!some) return undefined
    replies.push(...some)
  }
  return replies
}

async function carryOutHere({ stage, ask }: XffBan, orders: readonly Order[]): Promise<Reply[]> {
  const replies = ask(orders)
  stage.resume().end()
  // where the backend fails this fails, and there are no replies
  await finished(stage)
  return await replies
}

async function flushHere({ stage }: XffBan): Promise<Reply[]> {
  stage.end()
  return await stage.toArray()
}
