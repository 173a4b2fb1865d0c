import { knownEdge } from '../net/known-edge.js'
import { overlap, parsePrefix } from '../net/prefix.js'
import { isPrivate } from '../net/private.js'
import { amount, span } from './format.js'

/** What is known of an address that failed and was not banned. */
export interface Unbanned {
  ip: string
  /** the limits in use, `find` in milliseconds */
  max: number
  find: number
  /** the limits of the table by which it would have been banned; undefined: it was not tracked */
  limits: readonly { max: number; find: number }[] | undefined
  isHeld: boolean
  /** addresses and prefixes that were banned, and that are allowed */
  banned: Iterable<string>
  allowed: Iterable<string>
}

/** Why an address was not banned, as the end of a sentence. */
export function whyNone({ ip, max, find, limits, isHeld, banned, allowed }: Unbanned): string {
  const around = holding(ip, banned)
  if (around !== undefined) return `it lies in ${around}, which was banned.`
  if (isHeld) return '--brake of xff-ban holds its ban back.'
  const allowance = holding(ip, allowed)
  if (allowance !== undefined) return `${allowance} is allowed (xff-ban allow).`
  if (isPrivate(ip)) return 'private addresses are banned with --private only.'
  const edge = knownEdge(ip)
  if (edge !== undefined) return `it belongs to ${edge}, which is banned with --edges only.`
  if (limits === undefined) return 'there were too many addresses to tell.'
  const inUse = textOf({ max, find })
  if (limits.some(limit => limit.max === max && limit.find === find))
    return `by ${inUse} it would have been. Either xff-window and xff-ban have other limits than xff-report, or it is spared (--ignore, --trust, --except).`
  const never = `it never failed ${amount(max)} times within ${span(find)} (${inUse}).`
  // the one that is nearest to what is in use
  const [other] = [...limits].sort((a, b) => b.max - a.max || a.find - b.find)
  return other
    ? `${never} ${textOf(other)} would have banned it.`
    : `${never} Nor would another limit of the table have banned it.`
}

function textOf({ max, find }: { max: number; find: number }): string {
  return `--max ${max} --find ${find / 1000}`
}

/** The first prefix in which an address lies, or the address itself. */
function holding(ip: string, prefixes: Iterable<string>): string | undefined {
  const inner = parsePrefix(ip)
  for (const prefix of prefixes) {
    if (prefix === ip) return prefix
    // nearly all are lone addresses
    if (!inner || !prefix.includes('/')) continue
    const outer = parsePrefix(prefix)
    if (outer && outer.length <= inner.length && overlap(inner, outer)) return prefix
  }
  return undefined
}
