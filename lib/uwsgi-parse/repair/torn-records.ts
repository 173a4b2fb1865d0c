import { ADDRESSES } from '../address-slot.js'
import type { FindClient } from '../client.js'
import { firstSpans, type Layout } from '../layout/reading.js'
import { spansUpTo, valuesAt } from '../layout/segment.js'

/** The texts that hold a user's name. */
export const USERS = ['user', 'var.REMOTE_USER']

/** Is shown each line, and whether it reads as a record; tells whether that may be the rest of a torn one. */
export type WatchTears = ((line: string, isRecord: boolean) => boolean) & {
  /** whether the next record may be the rest of a torn one */
  isPending: () => boolean
}

/**
 * A user name that nobody has verified may hold a newline, and so tear its record: `1.2.3.4 - x`, and in a line of
 * its own `8.8.8.8 - y [DATE] …`, which reads as a record and names a victim. So the first record behind the
 * beginning of another is not believed. A name from basic authentication holds no colon, so that neither piece can
 * be made whole by a date of its own, nor by the mark at the head of uWSGI's own layout.
 */
export function watchTears(layout: Layout, find: FindClient): WatchTears {
  const user = layout.texts.findIndex(name => USERS.includes(name))
  const behind = layout.segments.slice(user + 1)
  const begins = compileBeginning(layout, user, find)
  // an address behind the name is the true one in any case
  if (!begins) return Object.assign(() => false, { isPending: () => false })

  let torn = false
  const watch = (line: string, isRecord: boolean): boolean => {
    const doubtful = torn && isRecord
    if (isRecord || (torn && firstSpans(line, behind))) torn = false
    if (!isRecord && begins(line)) torn = true
    return doubtful
  }
  return Object.assign(watch, { isPending: () => torn })
}

/** Tells whether a line begins as a record does, up to the user's name; undefined where no address stands before that. */
function compileBeginning(
  { segments, texts }: Layout,
  user: number,
  find: FindClient,
): ((line: string) => boolean) | undefined {
  if (user < 0) return undefined
  const before = segments.slice(0, user + 1)
  const isClient = (slot: string | undefined) => slot !== undefined && find(slot).ip !== null

  const text = texts.slice(0, user).findIndex(name => ADDRESSES.includes(name))
  const next = segments[text + 1]
  if (text >= 0 && next) {
    return line => {
      const found = firstSpans(line, before)
      const [left, right] = [found?.[text], found?.[text + 1]]
      const spans = right && spansUpTo(line, next, right, line.length)
      if (!left || !spans) return false
      return spans.many || spans.list.some(({ start }) => isClient(line.slice(left.end, start)))
    }
  }
  const field = before.findIndex(({ fields }) => fields.some(name => ADDRESSES.includes(name)))
  const segment = before[field]
  if (!segment) return undefined
  return line => {
    const span = firstSpans(line, before)?.[field]
    return span !== undefined && valuesAt(line, segment, span).some(isClient)
  }
}
