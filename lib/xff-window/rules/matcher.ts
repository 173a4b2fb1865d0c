import { compileGlob, type FitsGlob } from '../../text/glob.js'

/** How much of a pattern, if no wildcard is in it, a text has to begin with. */
const HEAD_LENGTH = 3

interface Entry {
  fits: FitsGlob
  /** which of the sets it is of */
  set: number
}

/** Tells which of several sets have a pattern that one of some texts fits, by their numbers in ascending order. */
export type Matcher = (texts: readonly string[]) => readonly number[]

/**
 * Compiles sets of patterns, so that a text is compared with those only that begin as it does, and with those that begin
 * with a wildcard.
 */
export function compileMatcher(sets: readonly (readonly string[])[]): Matcher {
  const byHead = new Map<string, Entry[]>()
  const others: Entry[] = []
  for (const [set, patterns] of sets.entries()) {
    for (const pattern of patterns) {
      const head = pattern.slice(0, HEAD_LENGTH)
      const isKnown = head.length === HEAD_LENGTH && !/[*?]/.test(head)
      const entries = isKnown ? (byHead.get(head) ?? []) : others
      entries.push({ fits: compileGlob(pattern), set })
      if (isKnown) byHead.set(head, entries)
    }
  }
  return texts => {
    const found = new Set<number>()
    const look = (entries: readonly Entry[], text: string) => {
      for (const { fits, set } of entries) if (!found.has(set) && fits(text)) found.add(set)
    }
    for (const text of texts) {
      look(byHead.get(text.slice(0, HEAD_LENGTH)) ?? [], text)
      look(others, text)
    }
    return [...found].sort((a, b) => a - b)
  }
}
