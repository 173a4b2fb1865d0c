import type { BanRecord } from '../wire/record.js'
import type { Deadline, Item } from './outbox.js'
import { plainLine } from './plain-line.js'
import type { Whois } from './whois.js'

/** A mail as it is handed to a mail server. */
export interface Mail {
  from: string
  to: readonly string[]
  subject: string
  text: string
}

/** Hands a mail over to a mail server or program; an abort of the signal stops it at once. */
export type SendMail = (mail: Mail, signal: AbortSignal) => Promise<void>

export interface MailOptions {
  from: string
  to: readonly string[]
  /** the jail and the host, as the subject names them */
  name: string
  host: string
  /** undefined: mails go without registration data */
  whois: Whois | undefined
  send: SendMail
}

/** The longest text from the log that is shown, in UTF-16 units. */
const MAX_TEXT_UNITS = 200

/** Delivers a batch of bans as one mail. */
export function mailDelivery({ from, to, name, host, whois, send }: MailOptions) {
  return async (items: readonly Item<BanRecord>[], { stop, skipExtras }: Deadline): Promise<void> => {
    const bans = items.map(({ record }) => record)
    const registrations = await whois?.(
      bans.map(({ ip }) => ip),
      skipExtras,
    )
    await send({ from, to, subject: subjectOf(bans, name, host), text: textOf(bans, registrations) }, stop)
  }
}

function subjectOf(bans: readonly BanRecord[], name: string, host: string): string {
  const [first, ...others] = bans
  const who = first && others.length === 0 ? first.ip : `${bans.length} clients`
  return plainLine(`${name} on ${host}: ${who} banned`, MAX_TEXT_UNITS)
}

function textOf(bans: readonly BanRecord[], registrations?: ReadonlyMap<string, readonly string[]>): string {
  return bans.map(ban => `${section(ban, registrations?.get(ban.ip)).join('\n')}\n`).join('\n')
}

function section(ban: BanRecord, registration: readonly string[] = []): string[] {
  const { ip, time, until, count, failures, since, last, rule, reason, by } = ban
  const lines = [
    ['banned', time],
    ['until', until],
    ['bans', count],
    ['rule', rule],
    ['reason', reason],
    ['by', by],
    ['failures', failures !== undefined && since !== undefined ? `${failures} since ${since}` : failures],
    ['last', last && [last.status, last.method, last.uri].filter(part => part !== undefined).join(' ')],
    ...registration.map((line, i) => [i === 0 ? 'whois' : '', line] as const),
  ] as const
  return [
    plainLine(ip, MAX_TEXT_UNITS),
    ...lines.flatMap(([label, value]) =>
      value === undefined ? [] : `  ${label.padEnd(9)} ${plainLine(String(value), MAX_TEXT_UNITS)}`,
    ),
  ]
}
