import { setTimeout as pause } from 'node:timers/promises'
import type { AnyRecord, BanRecord, HeldRecord } from '../wire/record.js'
import { type Deadline, type Item, RefusedError } from './outbox.js'
import { plainLine } from './plain-line.js'
import { problemText } from './told.js'

/** Services for messages, each with a form of its own. */
export const SERVICES = ['slack', 'discord', 'teams', 'ntfy', 'telegram', 'gotify'] as const
export type Service = (typeof SERVICES)[number]

/** Where messages go. The URL is a secret, whole or in part. */
export interface Receiver {
  service: Service
  url: URL
}

/** A message, before it has the form of a service. */
export interface Message {
  title: string
  text: string
  /** whether it needs a person */
  isUrgent: boolean
}

/** The longest text, in UTF-8 bytes: less than what each service takes, with room for what goes around it. */
const MAX_BYTES: Readonly<Record<Service, number>> = {
  slack: 3_900,
  discord: 1_900,
  teams: 12_000,
  ntfy: 3_900,
  telegram: 3_900,
  gotify: 20_000,
}
const RESPONSE_TIMEOUT_MS = 30_000
/** How long is waited at most when a service asks for it. */
const MAX_WAIT_S = 300
/** How much of an answer is read. */
const MAX_ANSWER_UNITS = 2_000
const MAX_LINE_UNITS = 300
const RETRY_STATUSES = [408, 425, 429]

/** Delivers a batch as one message in the form of its service. */
export function chatDelivery({ service, url }: Receiver, name: string, host: string) {
  return async (items: readonly Item[], { stop }: Deadline): Promise<void> => {
    const message = messageOf(
      items.map(({ record }) => record),
      `${name} on ${host}`,
      MAX_BYTES[service],
    )
    const { target, headers, body } = requestOf(service, url, message)
    const signal = AbortSignal.any([stop, AbortSignal.timeout(RESPONSE_TIMEOUT_MS)])
    const response = await fetch(target, { method: 'POST', headers, body, redirect: 'manual', signal }).catch(
      // the message of the system may quote the URL
      error => {
        throw new Error(plainLine(String(error.cause?.code ?? error.name), MAX_LINE_UNITS))
      },
    )
    const answer = (await response.text().catch(() => '')).slice(0, MAX_ANSWER_UNITS)
    if (response.ok) return
    const { status } = response
    if (status === 429)
      await pause(1000 * waitOf(response, answer), undefined, { signal: stop }).catch(() => {})
    const why = `${service} answered ${status}`
    throw status < 500 && !RETRY_STATUSES.includes(status) ? new RefusedError(why) : new Error(why)
  }
}

/** How many seconds a service wants us to wait: by the header, or by Telegram's answer. */
function waitOf(response: Response, answer: string): number {
  const text = response.headers.get('retry-after') ?? /"retry_after":(\d{1,6})/.exec(answer)?.[1] ?? ''
  const seconds = Number.parseFloat(text)
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(MAX_WAIT_S, seconds) : 0
}

/** As many lines as fit, and how many more there are. */
export function messageOf(records: readonly AnyRecord[], from: string, maxBytes: number): Message {
  const isUrgent = records.some(({ type }) => type === 'problem' || type === 'held')
  const lines = records.map(lineOf)
  const shown: string[] = []
  let bytes = 0
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1
    if (bytes > maxBytes - 200) break
    shown.push(line)
  }
  if (shown.length < lines.length) shown.push(`and ${lines.length - shown.length} more`)
  const what = isUrgent ? 'needs somebody' : records.length === 1 ? 'a ban' : `${records.length} bans`
  return { title: plainLine(`${from}: ${what}`, 100), text: shown.join('\n'), isUrgent }
}

function lineOf(record: AnyRecord): string {
  switch (record.type) {
    case 'ban':
      return plainLine(`banned ${record.ip}${ending(record.until)}: ${whyOf(record)}`, MAX_LINE_UNITS)
    case 'held':
      return plainLine(`held back ${record.ip}: ${record.reason}; ${whyOf(record)}`, MAX_LINE_UNITS)
    case 'problem':
      return plainLine(problemText(record), MAX_LINE_UNITS)
    default:
      return record.type
  }
}

function ending(until: string | undefined): string {
  return until === undefined ? '' : ` until ${until.slice(0, 16)}Z`
}

function whyOf({ failures, last, ...ban }: BanRecord | HeldRecord): string {
  const rule = 'rule' in ban && ban.rule !== undefined ? `rule ${ban.rule}, ` : ''
  const request = [last?.status, last?.method, last?.uri].filter(part => part !== undefined).join(' ')
  return `${rule}${failures === undefined ? '' : `${failures} failures, the last `}${request}`
}

/** What is posted. */
function requestOf(service: Service, url: URL, { title, text, isUrgent }: Message) {
  const target = new URL(url)
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  target.username = ''
  target.password = ''
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    ...(login === ':' ? {} : { Authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
  }
  switch (service) {
    case 'slack': {
      // the only markup that is not switched off by mrkdwn (docs.slack.dev, formatting)
      const safe = (part: string) =>
        part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      const body = {
        text: safe(`${title}\n${text}`),
        mrkdwn: false,
        unfurl_links: false,
        unfurl_media: false,
      }
      return { target, headers, body: JSON.stringify(body) }
    }
    case 'discord': {
      // 4: no previews of links
      const body = {
        content: `${title}\n\`\`\`\n${fenced(text)}\n\`\`\``,
        allowed_mentions: { parse: [] },
        flags: 4,
      }
      return { target, headers, body: JSON.stringify(body) }
    }
    case 'teams':
      return { target, headers, body: JSON.stringify(cardOf(title, text)) }
    case 'ntfy':
      headers['Content-Type'] = 'text/plain; charset=utf-8'
      headers.Title = title.replace(/[^ -~]/g, '?')
      headers.Priority = isUrgent ? 'high' : 'default'
      return { target, headers, body: text }
    case 'telegram': {
      const chat = target.searchParams.get('chat_id') ?? ''
      target.search = ''
      const body = { chat_id: chat, text: `${title}\n${text}`, link_preview_options: { is_disabled: true } }
      return { target, headers, body: JSON.stringify({ ...body, disable_notification: !isUrgent }) }
    }
    case 'gotify': {
      const token = target.searchParams.get('token')
      target.search = ''
      if (token !== null) headers['X-Gotify-Key'] = token
      return { target, headers, body: JSON.stringify({ title, message: text, priority: isUrgent ? 8 : 4 }) }
    }
  }
}

/** Text that ends no code block. */
function fenced(text: string): string {
  return text.replaceAll('`', "'")
}

/** A card of plain text runs, in which nothing is markup (adaptivecards.io, RichTextBlock). */
function cardOf(title: string, text: string) {
  const block = (line: string, weight: string) => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text: line, weight }],
  })
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    ...{ type: 'AdaptiveCard', version: '1.4' },
    body: [block(title, 'Bolder'), ...text.split('\n').map(line => block(line, 'Default'))],
  }
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }],
  }
}
