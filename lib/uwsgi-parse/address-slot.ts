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

/**
 * What the address slot holds under every reading of the line. Where the header and the socket's address are
 * logged apart, the list is the header with the socket's address last, as the next proxy would have written it.
 */
export function slotsOf(reading: Reading, { forwarded }: Format, counted: boolean): readonly string[] {
  const { texts, segments } = reading.layout
  const logged = (name: string) =>
    texts.includes(name) || segments.some(({ fields }) => fields.includes(name))
  const socketName = logged('var.REMOTE_ADDR') ? 'var.REMOTE_ADDR' : 'addr'
  if (!logged('var.HTTP_X_FORWARDED_FOR')) return reading.texts(logged('addr') ? 'addr' : socketName)
  const headers = reading.texts('var.HTTP_X_FORWARDED_FOR')
  const apart = logged(socketName) && !(socketName === 'addr' && forwarded)
  if (!apart) return headers
  return headers.flatMap(header => {
    if (counted && header !== '-') return [header]
    return reading.texts(socketName).map(socket => (header === '-' ? socket : `${header}, ${socket}`))
  })
}

/** The client on whom all readings of the address slot agree. */
export function agreedClient(slots: readonly string[], find: FindClient): Client | null {
  let agreed: Client | null = null
  for (const slot of slots) {
    const client = find(slot)
    if (client.ip === null || (agreed && client.ip !== agreed.ip)) return null
    agreed = client
  }
  return agreed
}
