import type { Client, FindClient } from './client.js'
import type { Format } from './layout/log-format.js'
import type { Reading } from './layout/reading.js'

/** The variables that hold the client's address, or the list in which it stands. */
export const ADDRESSES: readonly string[] = ['addr', 'var.REMOTE_ADDR', 'var.HTTP_X_FORWARDED_FOR']

export interface Attribution {
  /** the client in an address slot */
  client: FindClient
  /** whether the client is found by counting hops: then the socket's own address is none of them */
  counted: boolean
}

/** Why the client of a line is not known, though an address may stand there. */
export type SlotDoubt = 'ambiguous' | 'too long' | 'too many headers' | 'no header'

/** Who sent a request. */
export interface Attributed {
  client: Client | null
  /** what the address slot holds under every reading of the line; none where there are too many */
  slots: readonly string[]
  doubt?: SlotDoubt
}

/** How many variables uWSGI logs at the least where it took no more of them: 2 a variable, for a `max-vars` of 64 or more. */
const MIN_VARS_FULL = 128

/** The client on whom all readings of a line agree. */
export function attribute(
  reading: Reading,
  format: Format,
  { client: find, counted }: Attribution,
): Attributed {
  const slots = slotsOf(reading, format, counted)
  const unknown = (doubt: SlotDoubt): Attributed => ({ client: null, slots, doubt })
  if (format.isOwn && isTooLong(reading)) return unknown('too long')
  if (format.socket === 'http' && lacksHeader(reading)) return unknown('no header')
  if (reading.layout.isFromEnd) return fromEnd(reading, slots, find, counted)
  // where one address should stand a list does: then uWSGI logs what clients say
  const list = reading.value('list')
  if (list !== undefined) return { client: null, slots: [list] }
  if (format.isOwn && isFull(reading) && !slots.some(slot => slot.includes(',')))
    return unknown('too many headers')
  const client = agreedClient(slots, find)
  return client || slots.length === 1 ? { client, slots } : unknown('ambiguous')
}

/**
 * What the address slot holds under every reading of the line. Where the header and the socket's address are
 * logged apart, the list is the header with the socket's address last, as the next proxy would have written it.
 */
export function slotsOf(reading: Reading, { forwarded }: Format, counted: boolean): readonly string[] {
  const shortest = reading.layout.isFromEnd ? reading.shortest('addr') : undefined
  if (shortest !== undefined) return [shortest]
  const socketName = isLogged(reading, 'var.REMOTE_ADDR') ? 'var.REMOTE_ADDR' : 'addr'
  if (!isLogged(reading, 'var.HTTP_X_FORWARDED_FOR'))
    return reading.texts(isLogged(reading, 'addr') ? 'addr' : socketName)
  const headers = reading.texts('var.HTTP_X_FORWARDED_FOR')
  const apart = isLogged(reading, socketName) && !(socketName === 'addr' && forwarded)
  if (!apart) return headers
  return headers.flatMap(header => {
    if (counted && header !== '-') return [header]
    return reading.texts(socketName).map(socket => (header === '-' ? socket : `${header}, ${socket}`))
  })
}

function isLogged({ layout: { texts, segments } }: Reading, name: string): boolean {
  return texts.includes(name) || segments.some(({ fields }) => fields.includes(name))
}

/**
 * Whether a line logs the header and there was none: behind an HTTP socket the other address may then be that of our own
 * front end.
 */
function lacksHeader(reading: Reading): boolean {
  return (
    reading.layout.texts.includes('var.HTTP_X_FORWARDED_FOR') &&
    reading.texts('var.HTTP_X_FORWARDED_FOR').includes('-')
  )
}

/** Whether uWSGI left out all that a client had sent, since the line did not fit into its 4096 bytes. */
function isTooLong({ value }: Reading): boolean {
  return value('addr') === '0.0.0.0' && value('method') === '-' && value('uri') === '-'
}

/**
 * Whether uWSGI gave up on the headers of a request, and with them on the one that it looks for (core/protocol.c,
 * uwsgi_parse_vars): it has no app for such a request, and its address is that of the front end.
 */
function isFull({ value }: Reading): boolean {
  return value('app') === '-1' && Number(value('vars')) >= MIN_VARS_FULL
}

/** The client on whom all readings of the address slot agree. */
function agreedClient(slots: readonly string[], find: FindClient): Client | null {
  let agreed: Client | null = null
  for (const slot of slots) {
    const client = find(slot)
    if (client.ip === null || (agreed && client.ip !== agreed.ip)) return null
    agreed = client
  }
  return agreed
}

/**
 * The client of a slot whose end is certain. Where it begins need not be: there may be many heads of a line before that
 * end. But the hops from the right are the same in all these readings up to the last head; and one that such a head
 * stands within was not written by our front ends. So the shortest slot decides, unless it does so by a hop behind
 * which proxies were passed over: the hop at its beginning may then be the rest of what a client of that proxy wrote.
 */
function fromEnd(reading: Reading, slots: readonly string[], find: FindClient, counted: boolean): Attributed {
  const client = find(slots[0] ?? '')
  if (isFull(reading) && !client.isListed) return { client: null, slots, doubt: 'too many headers' }
  const isCertain = counted || client.hop === 0 || !client.isLeftmost || reading.texts('addr').length === 1
  return isCertain ? { client, slots } : { client: null, slots, doubt: 'ambiguous' }
}
