import type { FindClient } from '../client.js'
import { ADDRESSES } from '../layout/ambiguity.js'
import { type Chain, endAt, firstPlace, placesUpTo, valuesAt } from '../layout/segment.js'
import type { Layout } from '../layout/uwsgi.js'

/** The texts that hold a user's name. */
const USERS = ['user', 'var.REMOTE_USER']

/** Is shown each line, and whether it reads as a record; tells whether that may be the rest of a torn one. */
export type WatchTears = (line: string, isRecord: boolean) => boolean

/**
 * A user name that nobody has verified may hold a newline, and so tear its record: `1.2.3.4 - x`, and in a line of
 * its own `8.8.8.8 - y [DATE] …`, which reads as a record and names a victim. So the first record behind the
 * beginning of another is not believed. A name from basic authentication holds no colon, so that neither piece can
 * be made whole by a date of its own, nor by the mark at the head of uWSGI's own layout.
 */
export function watchTears({ chains, texts }: Layout, find: FindClient): WatchTears {
  const user = texts.findIndex(name => USERS.includes(name))
  const [before, behind] = [chains.slice(0, user + 1), chains.slice(user + 1)]
  const text = texts.slice(0, Math.max(user, 0)).findIndex(name => ADDRESSES.includes(name))
  const field = before.findIndex(({ fields }) => fields.some(name => ADDRESSES.includes(name)))
  // an address behind the name is the true one in any case
  if (user < 0 || (text < 0 && field < 0)) return () => false

  const isClient = (slot: string | undefined) => slot !== undefined && find(slot).ip !== null
  const begins = (line: string): boolean => {
    const places = placesInOrder(line, before)
    if (!places) return false
    if (text < 0) return valuesAt(line, before[field] as Chain, places[field] as number).some(isClient)
    const start = endAt(line, before[text] as Chain, places[text] as number)
    const next = before[text + 1] as Chain
    const { starts, many } = placesUpTo(line, next, places[text + 1] as number, line.length)
    return many || starts.some(end => isClient(line.slice(start, end)))
  }

  let torn = false
  return (line, isRecord) => {
    const doubtful = torn && isRecord
    if (isRecord || (torn && placesInOrder(line, behind))) torn = false
    if (!isRecord && begins(line)) torn = true
    return doubtful
  }
}

/** The first place of each chain behind the one before it; null where one is missing. */
function placesInOrder(line: string, chains: readonly Chain[]): number[] | null {
  const places: number[] = []
  let from = 0
  for (const chain of chains) {
    const place = firstPlace(line, chain, from)
    if (place < 0) return null
    places.push(place)
    from = endAt(line, chain, place)
  }
  return places
}
