import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../../exit.js'
import { formatInstant } from '../../wire/instant.js'
import type { Reply } from '../jail/batch.js'
import type { Answer } from './request.js'
import type { Step } from './verdict.js'

/** How long the ban of the checker lasts if nobody ends it, in milliseconds beside the time to wait. */
const MARGIN_MS = 5_000
/** How often it is asked whether the ban bites. */
const EVERY_MS = 250

export interface RealBan {
  client: string
  /** the answer without a ban */
  before: Answer
  waitMs: number
  now: () => number
  monotonic: () => number
  /** one more request */
  ask: () => Promise<Answer>
  ban: (ip: string, until: string) => Promise<Reply[]>
  unban: (ip: string) => Promise<Reply[]>
}

/** Bans the address of the checker until a request is refused, and ends the ban. */
export async function tryBan({
  client,
  before,
  waitMs,
  now,
  monotonic,
  ask,
  ban,
  unban,
}: RealBan): Promise<Step> {
  const step = 'ban point'
  const until = formatInstant(now() + 2 * waitMs + MARGIN_MS)
  try {
    const [reply] = await ban(client, until)
    if (reply?.type === 'refused') {
      return {
        step,
        ok: null,
        what: `this cannot be tried with ${client}, which is never banned: ${reply.reason}`,
        cure: 'run the check on a machine whose address may be banned, or without --really',
      }
    }
  } catch (error) {
    return {
      step,
      ok: false,
      what: messageOf(error),
      cure: 'start xff-ban with this --name, or give its options here',
    }
  }
  let refusal: Answer | undefined
  try {
    refusal = await askUntil(answer => !isSame(answer, before), { ask, waitMs, monotonic })
  } finally {
    await unban(client)
  }
  if (!refusal) {
    return {
      step,
      ok: false,
      what: `${client} was banned for ${waitMs / 1000} s, and still got ${shown(before)}`,
      cure: 'the ban does nothing where this request passes: see what this backend needs to be set up (share/doc/xff-jail/docs/bans.md, "Other backends")',
    }
  }
  const served = await askUntil(answer => isSame(answer, before), { ask, waitMs, monotonic })
  const refused = `${client} was banned and got ${shown(refusal)} instead of ${shown(before)}`
  return served
    ? { step, ok: true, what: `${refused}; without the ban it is served again` }
    : { step, ok: false, what: `${refused}, and is still not served after the ban has ended` }
}

async function askUntil(
  isIt: (answer: Answer) => boolean,
  { ask, waitMs, monotonic }: Pick<RealBan, 'ask' | 'waitMs' | 'monotonic'>,
): Promise<Answer | undefined> {
  for (const end = monotonic() + waitMs; ; ) {
    const answer = await ask()
    if (isIt(answer)) return answer
    if (monotonic() > end) return undefined
    await pause(EVERY_MS)
  }
}

function isSame(one: Answer, other: Answer): boolean {
  return one.status === other.status && (one.error === undefined) === (other.error === undefined)
}

function shown({ status, error = 'no answer' }: Answer): string {
  return status === undefined ? error : `${status}`
}
