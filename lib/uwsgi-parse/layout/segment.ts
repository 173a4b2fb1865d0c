/**
 * A stretch of fixed grammar in a log line. Every repetition in it is bounded or cannot pass the beginning of
 * another match, so that the time to search a line grows with its length alone; and of two spans at which it
 * stands, the one that begins first does not end last.
 */
export interface Segment {
  /** what it begins with, by which it is found; may be empty */
  literal: string
  /** what follows that: a sticky pattern, or null when nothing does */
  rest: RegExp | null
  /** the names of the pattern's capture groups; a group that took no part has no value */
  fields: readonly string[]
  /** where alone in a line it can stand, if its pattern does not say so; at the end, one without a pattern */
  only?: 'start' | 'end'
  /** whether of several spans only the first one can be true */
  isFirst?: true
}

/** Where a segment stands in a line. */
export interface Span {
  start: number
  end: number
}

/** Where a segment may stand, from the left: at least one span. */
export interface Spans {
  list: readonly [Span, ...Span[]]
  last: Span
  /** there are more than are told apart: the list holds the first ones, and the last */
  many: boolean
}

/** How many spans of a segment are told apart. */
const MAX_SPANS = 64

/** The first span of a segment from a position on. */
export function firstSpan(line: string, segment: Segment, from: number): Span | undefined {
  const { literal, only } = segment
  if (only === 'start') return line.startsWith(literal) ? spanAt(line, segment, 0) : undefined
  if (only === 'end') {
    const start = line.length - literal.length
    return start >= from && line.endsWith(literal) ? { start, end: line.length } : undefined
  }
  for (let start = line.indexOf(literal, from); start >= 0; start = line.indexOf(literal, start + 1)) {
    const span = spanAt(line, segment, start)
    // nothing is found at the end for ever
    if (span || start === line.length) return span
  }
  return undefined
}

/** All spans of a segment from its first one on that end no later than a position. */
export function spansUpTo(line: string, segment: Segment, first: Span, latest: number): Spans | undefined {
  const { literal, rest, only, isFirst } = segment
  if (first.end > latest) return undefined
  const list: [Span, ...Span[]] = [first]
  let last = first
  let many = false
  let start = first.start
  while (only === undefined && !isFirst && start < line.length) {
    // where nothing but the literal counts, the last is found from the other end
    const end = many && !rest ? line.lastIndexOf(literal, latest - literal.length) : -1
    start = end > start ? end : line.indexOf(literal, start + 1)
    if (start < 0 || start > latest) break
    const span = spanAt(line, segment, start)
    if (!span || span.end > latest) continue
    many = list.length === MAX_SPANS
    if (!many) list.push(span)
    last = span
  }
  if (many) list[MAX_SPANS - 1] = last
  return { list, last, many }
}

/** The span of a segment that begins at a position. */
function spanAt(line: string, { literal, rest }: Segment, start: number): Span | undefined {
  const end = start + literal.length
  if (!rest) return { start, end }
  rest.lastIndex = end
  return rest.test(line) ? { start, end: rest.lastIndex } : undefined
}

/** What the groups of a segment hold in one of its spans. */
export function valuesAt(
  line: string,
  { literal, rest }: Segment,
  { start }: Span,
): readonly (string | undefined)[] {
  if (!rest) return []
  rest.lastIndex = start + literal.length
  return rest.exec(line)?.slice(1) ?? []
}
