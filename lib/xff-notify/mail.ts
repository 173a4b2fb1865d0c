import type { BanRecord } from '../wire/record.js'
import type { Item, Urgency } from './outbox.js'
import { plain } from './plain.js'
import type { Whois } from './whois.js'

/** A mail as it is handed to a mail server. */
export interface Mail {
  from: string
  to: readonly string[]
  subject: string
  text: string
}

/** Hands a mail over; `over` aborted: stops at once. */
export type Post = (mail: Mail, over: AbortSignal) => Promise<void>

export interface Options {
  from: string
  to: readonly string[]
  /** of the jail, for people who have several */
  name: string
  host: string
  whois: Whois | undefined
  post: Post
}

/** The longest that a text from the log is shown. */
const SHOWN = 200

/** What makes one mail of many bans. */
export function mailer({ from, to, name, host, whois, post }: Options) {
  return async (items: readonly Item<BanRecord>[], { over, hurry }: Urgency): Promise<void> => {
    const bans = items.map(({ record }) => record)
    const known = await whois?.(
      bans.map(({ ip }) => ip),
      hurry,
    )
    await post({ from, to, subject: subjectOf(bans, name, host), text: textOf(bans, known) }, over)
  }
}

function subjectOf(bans: readonly BanRecord[], name: string, host: string): string {
  const who = bans.length === 1 ? plain((bans[0] as BanRecord).ip, SHOWN) : `${bans.length} clients`
  return plain(`${name} on ${host}: ${who} banned`, SHOWN)
}

function textOf(bans: readonly BanRecord[], known?: ReadonlyMap<string, readonly string[]>): string {
  return bans.map(ban => `${section(ban, known?.get(ban.ip)).join('\n')}\n`).join('\n')
}

function section(ban: BanRecord, known: readonly string[] | undefined): string[] {
  const { ip, time, until, count, failures, since, last } = ban
  const lines = [
    ['banned', time],
    ['until', until],
    ['bans', count],
    ['failures', failures !== undefined && since !== undefined ? `${failures} since ${since}` : failures],
    ['last', last && [last.status, last.method, last.uri].filter(part => part !== undefined).join(' ')],
    ...(known ?? []).map((line, i) => [i === 0 ? 'whois' : '', line] as const),
  ] as const
  return [
    plain(ip, SHOWN),
    ...lines.flatMap(([label, value]) =>
      value === undefined ? [] : `  ${label.padEnd(9)} ${plain(String(value), SHOWN)}`,
    ),
  ]
}
