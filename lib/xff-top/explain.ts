import { overlap, parsePrefix } from '../net/prefix.js'
import { compactDuration } from '../text/duration.js'
import type { Answer } from '../wire/field.js'
import { parseInstant } from '../wire/instant.js'
import type { BanRecord, HeldRecord, UnbanRecord } from '../wire/record.js'
import { safe } from './safe.js'

/** How many earlier bans and unbans are told. */
const MAX_PAST = 8

export interface Known {
  source: string
  bans: readonly BanRecord[]
  held: readonly HeldRecord[]
  past: readonly (BanRecord | UnbanRecord)[]
  now: number
}

/** Whether a prefix or address holds another. */
function isInPrefix(ip: string, outer: string): boolean {
  if (ip === outer) return true
  const [inside, around] = [parsePrefix(ip), parsePrefix(outer)]
  return inside !== null && around !== null && around.length <= inside.length && overlap(inside, around)
}

/** What one source knows of an address or prefix: whether it is banned, by what, why and until when; none: nothing. */
export function explainBan(ip: string, { source, bans, held, past, now }: Known): string[] {
  const lines: string[] = []
  for (const ban of bans) {
    if (!isInPrefix(ip, ban.ip)) continue
    const until = ban.until === undefined ? now : parseInstant(ban.until)
    if (until <= now) continue
    lines.push(
      `${ban.ip === ip ? `${ip} is` : `${ip} is in ${safe(ban.ip)}, which is`} banned in ${source}`,
      `  until       ${ban.until}, in ${compactDuration(Math.ceil((until - now) / 1000))}`,
      ...whyOf(ban),
    )
  }
  for (const one of held) {
    if (!isInPrefix(ip, one.ip)) continue
    lines.push(`${safe(one.ip)} is held back in ${source}: ${safe(one.reason)}`, ...whyOf(one))
  }
  const earlier = past.filter(record => isInPrefix(ip, record.ip))
  if (earlier.length > 0) {
    lines.push(`in the journal of ${source}, the latest first:`)
    for (const record of earlier.slice(-MAX_PAST).reverse()) {
      const { time = '', type, reason } = record
      const why =
        type === 'ban' ? `${record.failures ?? ''} failures, the last ${answerText(record.last)}` : ''
      lines.push(`  ${time}  ${type.padEnd(5)}  ${safe(record.ip)}  ${safe(reason ?? '')} ${why}`.trimEnd())
    }
  }
  return lines
}

function whyOf(ban: BanRecord | HeldRecord): string[] {
  const { time, failures, since, last } = ban
  const rows: [string, string | number | undefined][] = [
    ['decided', time],
    ['failures', failures !== undefined && since !== undefined ? `${failures} since ${since}` : failures],
    ['the last', answerText(last) || undefined],
    ...(ban.type === 'ban' ? moreOf(ban) : []),
  ]
  return rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name.padEnd(12)}${safe(String(value))}`],
  )
}

function moreOf({ rule, reason, by, count, hits }: BanRecord): [string, string | number | undefined][] {
  return [
    ['rule', rule],
    ['reason', reason],
    ['by', by],
    ['bans so far', count],
    ['refused', hits],
  ]
}

/** A request as it was answered. */
export function answerText(answer: Answer | undefined): string {
  const { status, method, uri } = answer ?? {}
  return safe([status, method, uri].filter(part => part !== undefined).join(' '))
}
