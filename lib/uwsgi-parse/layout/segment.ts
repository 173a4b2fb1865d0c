/**
 * A stretch of fixed grammar in a log line. Every repetition in it is bounded or cannot pass the beginning of
 * another match, so that the time to search a line grows with its length alone; and of two places at which it
 * stands, the one that begins first does not end last.
 */
export interface Chain {
  /** what it begins with, by which it is found; may be empty */
  literal: string
  /** what follows that: a sticky pattern, or null when nothing does */
  rest: RegExp | null
  /** the names of the pattern's capture groups; a group that took no part has no value */
  fields: readonly string[]
  /** where alone in a line it can stand, if its pattern does not say so; at the end, one without a pattern */
  only?: 'start' | 'end'
}

/** Where a chain stands in a line, from the left. */
export interface Places {
  starts: number[]
  ends: number[]
  /** there are more than are told apart: these are the first, and the last */
  many: boolean
}

/** How many places of a chain are told apart. */
const MAX_PLACES = 64

/** The first place of a chain from a position on; -1 where there is none. */
export function firstPlace(line: string, chain: Chain, from: number): number {
  const { literal, only } = chain
  if (only === 'start') return line.startsWith(literal) && endAt(line, chain, 0) >= 0 ? 0 : -1
  if (only === 'end') {
    const start = line.length - literal.length
    return start >= from && line.endsWith(literal) ? start : -1
  }
  for (let start = line.indexOf(literal, from); start >= 0; start = line.indexOf(literal, start + 1)) {
    if (endAt(line, chain, start) >= 0) return start
    // nothing is found at the end for ever
    if (start === line.length) break
  }
  return -1
}

/** All places of a chain from its first one on that end no later than a position. */
export function placesUpTo(line: string, chain: Chain, first: number, latest: number): Places {
  const { literal, rest, only } = chain
  const places: Places = { starts: [], ends: [], many: false }
  for (let start = first; start >= 0 && start <= latest; ) {
    const end = endAt(line, chain, start)
    if (end >= 0 && end <= latest) {
      const at = Math.min(places.starts.length, MAX_PLACES)
      places.starts[at] = start
      places.ends[at] = end
      places.many = at === MAX_PLACES
    }
    if (only !== undefined || start === line.length) break
    // where nothing but the literal counts, the last is found from the other end
    const last = places.many && !rest ? line.lastIndexOf(literal, latest - literal.length) : -1
    start = last > start ? last : line.indexOf(literal, start + 1)
  }
  return places
}

/** Where a chain ends that begins at a position; -1 where it does not stand there. */
export function endAt(line: string, { literal, rest }: Chain, start: number): number {
  const end = start + literal.length
  if (!rest) return end
  rest.lastIndex = end
  return rest.test(line) ? rest.lastIndex : -1
}

/** What the groups of a chain hold at one of its places. */
export function valuesAt(
  line: string,
  { literal, rest }: Chain,
  start: number,
): readonly (string | undefined)[] {
  if (!rest) return []
  rest.lastIndex = start + literal.length
  return rest.exec(line)?.slice(1) ?? []
}
