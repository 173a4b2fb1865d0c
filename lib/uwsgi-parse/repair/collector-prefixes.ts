import { canonical } from '../../net/address.js'
import { ADDRESSES } from '../address-slot.js'
import type { Layout } from '../layout/reading.js'

/** A time as collectors write it: RFC 3339, or that of syslog. */
const ISO = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?`
const SYSLOG = String.raw`[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d`
/** The name of a host or a program: an address is none, and so is what a comma stands in. */
const NAME = String.raw`[\w.@/+-]{1,100}`
const TAG = String.raw`(${NAME})(?:\[[\w.-]{1,40}\])?: `

/** What stands before a line, and the names in it. */
export const PREFIXES: readonly RegExp[] = [
  // docker compose: `web_1  | `, `web-1  | `
  new RegExp(`^(${NAME}) {0,60}\\| `),
  // CRI: `2020-01-26T03:17:29.346494690+00:00 stderr F `
  new RegExp(`^${ISO} std(?:out|err) [FP] `),
  // rsyslog, journalctl --output short-iso, and Heroku: `2026-11-27T16:17:27.1+00:00 app[web.1]: `
  new RegExp(`^${ISO} (?:(${NAME}) )?${TAG}`),
  // RFC 3164, and journalctl
  new RegExp(`^(?:<\\d{1,3}>)?${SYSLOG} (?:(${NAME}) )?${TAG}`),
  // RFC 5424, with structured data or without
  new RegExp(
    `^<\\d{1,3}>1 ${ISO} (${NAME}) (${NAME}) \\S{1,128} \\S{1,32} (?:-|\\[[^\\]]{1,500}\\]) (?:\\ufeff)?`,
  ),
  // kubectl logs --prefix
  /^\[pod\/[\w.-]{1,200}\/[\w.-]{1,100}\] /,
  // Python's logging, as before a line of werkzeug
  /^(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]{1,100}:/,
  // docker logs --timestamps, kubectl logs --timestamps
  new RegExp(`^${ISO} `),
]
const COLOURS = /\x1b\[[\d;]{0,20}m/g
/** How many prefixes may stand before one another. */
const MAX_PREFIXES = 3

/** When the head of a line may be taken for a collector's. */
export type Head = 'unread' | 'unknown client' | 'never'

/**
 * Whether a prefix stands in the way of a layout. Where a line begins with a text, that may hold the prefix, too; and
 * were it cut off, the text would end elsewhere, maybe behind the address. A layout that begins with a field is not read
 * behind a prefix, and of one that begins with the address the prefix is a part of the first hop.
 */
export function headOf({ segments: [first], texts: [text] }: Layout): Head {
  if (first === undefined || first.literal !== '') return 'never'
  if (first.rest) return first.fields.some(name => ADDRESSES.includes(name)) ? 'unknown client' : 'unread'
  return text !== undefined && ADDRESSES.includes(text) ? 'unknown client' : 'never'
}

/**
 * A line without what a collector of logs has written before it; undefined where none is known to have. No prefix reaches
 * over a comma, or holds an address: of a list of addresses that stands at the head of a line it can take away what a
 * client wrote, and never what a front end did.
 */
export function withoutPrefix(line: string): string | undefined {
  let rest = line
  for (let count = 0; count < MAX_PREFIXES; count++) {
    const shorter = withoutOne(rest)
    if (shorter === undefined) break
    rest = shorter
  }
  return rest === line ? undefined : rest
}

function withoutOne(line: string): string | undefined {
  // colours stand before a name and behind it
  const head = line.slice(0, 1000)
  const plain = head.includes('\x1b') ? head.replace(COLOURS, '') + line.slice(1000) : line
  for (const prefix of PREFIXES) {
    const match = prefix.exec(plain)
    if (!match || match[0].includes(',') || match.slice(1).some(isAddress)) continue
    return plain.slice(match[0].length)
  }
  return undefined
}

function isAddress(name: string | undefined): boolean {
  return name !== undefined && canonical(name) !== null
}

/** A line without blanks and colours at its end; undefined where there are none. */
export function withoutEnd(line: string): string | undefined {
  let end = line.length
  for (;;) {
    while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--
    const colour =
      line[end - 1] === 'm' ? /\x1b\[[\d;]{0,20}m$/.exec(line.slice(Math.max(0, end - 30), end)) : null
    if (!colour) break
    end -= colour[0].length
  }
  return end === line.length ? undefined : line.slice(0, end)
}
