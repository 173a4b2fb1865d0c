import { problemName } from '../wire/problem.js'
import type { BanRecord, HeldRecord, ProblemRecord } from '../wire/record.js'
import type { Deadline, Item } from './outbox.js'
import { plainLine } from './plain-line.js'
import type { Told } from './told.js'
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

/** Delivers a batch of bans, and of what else people are told of, as one mail. */
export function mailDelivery({ from, to, name, host, whois, send }: MailOptions) {
  return async (items: readonly Item<Told>[], { stop, skipExtras }: Deadline): Promise<void> => {
    const told = items.map(({ record }) => record)
    const ips = told.flatMap(record => (record.type === 'problem' ? [] : record.ip))
    const registrations = await whois?.(ips, skipExtras)
    const text = [
      // what needs somebody stands in front
      ...told.filter(isProblem).map(problemSection),
      ...told.flatMap(one => (isProblem(one) ? [] : [section(one, registrations?.get(one.ip))])),
      ...(told.some(({ type }) => type === 'held') ? [DECISION] : []),
    ]
    const body = text.map(lines => `${lines.join('\n')}\n`).join('\n')
    await send({ from, to, subject: subjectOf(told, name, host), text: body }, stop)
  }
}

/** What can be done about bans that are held back. */
const DECISION = [
  'The bans that are held back fall at the time given. "xff-ban release" lets them fall now, "xff-ban drop" forgets them;',
  'with an address only those of it.',
]

function subjectOf(told: readonly Told[], name: string, host: string): string {
  const problems = new Set(told.filter(isProblem).map(problemName))
  const clients = told.filter(one => !isProblem(one))
  const bans = whoOf(clients.filter(({ type }) => type === 'ban'))
  const held = whoOf(clients.filter(({ type }) => type === 'held'))
  const parts = [
    ...problems,
    ...(held === undefined ? [] : [`ban of ${held} held back`]),
    ...(bans === undefined ? [] : [`${bans} banned`]),
  ]
  return plainLine(`${name} on ${host}: ${parts.join(', ')}`, MAX_TEXT_UNITS)
}

function isProblem(told: Told): told is ProblemRecord {
  return told.type === 'problem'
}

function whoOf(records: readonly { ip: string }[]): string | undefined {
  const [first] = records
  return records.length > 1 ? `${records.length} clients` : first?.ip
}

function problemSection(problem: ProblemRecord): string[] {
  const { time, reason, until } = problem
  return sectionOf(problemName(problem), [
    ['since', time],
    ['until', until],
    ['reason', reason],
  ])
}

function section(told: BanRecord | HeldRecord, registration: readonly string[] = []): string[] {
  const { ip, time, failures, since, last, rule, reason, by } = told
  const [until, count] = told.type === 'ban' ? [told.until, told.count] : []
  return sectionOf(ip, [
    [told.type === 'ban' ? 'banned' : 'held back', time],
    ['falls', told.type === 'held' ? told.falls : undefined],
    ['until', until],
    ['bans', count],
    ['rule', rule],
    ['reason', reason],
    ['by', by],
    ['failures', failures !== undefined && since !== undefined ? `${failures} since ${since}` : failures],
    ['last', last && [last.status, last.method, last.uri].filter(part => part !== undefined).join(' ')],
    ...registration.map((line, i) => [i === 0 ? 'whois' : '', line] as const),
  ])
}

/** A heading, and below it what is known. */
function sectionOf(
  heading: string,
  rows: readonly (readonly [label: string, value: string | number | undefined])[],
): string[] {
  return [
    plainLine(heading, MAX_TEXT_UNITS),
    ...rows.flatMap(([label, value]) =>
      value === undefined ? [] : `  ${label.padEnd(9)} ${plainLine(String(value), MAX_TEXT_UNITS)}`,
    ),
  ]
}
