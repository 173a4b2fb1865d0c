import { finished } from 'node:stream/promises'
import type { Answer, Request } from '../jail/decide.js'
import type { XffBan } from '../stage.js'
import { ask } from './client.js'
import { MOST_REQUESTS } from './server.js'
import type { Order } from './subcommand.js'

export interface Means {
  /** where a running xff-ban listens; undefined: do not ask there */
  socket: string | undefined
  /** when the bans end, ISO 8601; undefined: as it is set where they are carried out */
  until: string | undefined
  /** Opens the jail, for when nobody runs. */
  open: (flush: boolean) => Promise<XffBan>
}

/**
 * Has an order carried out by the xff-ban that runs, or does it here when none does.
 * @returns a line for each address
 * @throws ControlError, JournalError, BackendError
 */
export async function obey(
  order: Exclude<Order, { verb: 'filter' | 'list' }>,
  { socket, until, open }: Means,
): Promise<Answer[]> {
  const bans = order.verb === 'flush' && socket !== undefined ? await ask(socket, []) : []
  const requests = order.verb === 'flush' ? (bans ?? []).map(unbanOf) : order.targets.map(requestFor)
  const told = bans && socket !== undefined ? await askFor(socket, requests) : undefined
  if (told) return told
  return order.verb === 'flush' ? await flush(await open(true)) : await carryOut(await open(false), requests)

  function requestFor(ip: string): Request {
    if (order.verb !== 'ban') return unbanOf({ ip })
    return { type: 'ban', ip, ...(until === undefined ? {} : { until }) }
  }
}

function unbanOf({ ip }: { ip: string }): Request {
  return { type: 'unban', ip }
}

/** Asks in portions that fit. @returns undefined when nobody runs */
async function askFor(socket: string, requests: readonly Request[]): Promise<Answer[] | undefined> {
  const answers: Answer[] = []
  for (let i = 0; i < requests.length; i += MOST_REQUESTS) {
    const some = await ask(socket, requests.slice(i, i + MOST_REQUESTS))
    if (!some) return undefined
    answers.push(...some)
  }
  return answers
}

async function carryOut({ stage, ask }: XffBan, requests: readonly Request[]): Promise<Answer[]> {
  const answers = ask(requests)
  stage.resume().end()
  // where the backend fails this fails, and there are no answers
  await finished(stage)
  return await answers
}

async function flush({ stage }: XffBan): Promise<Answer[]> {
  stage.end()
  return await stage.toArray()
}
