import { ADDRESSES } from '../address-slot.js'
import { firstSpan, type Segment, type Span, type Spans, spansUpTo, valuesAt } from './segment.js'

/**
 * A layout of a log line: segments of a fixed grammar, and between each two of them a free text that a stranger may
 * have written.
 */
export interface Layout {
  segments: readonly Segment[]
  /** the names of the free texts, one between each two segments */
  texts: readonly string[]
  /** whether the end of the address slot is certain, so that the client is known by the hops before it */
  isFromEnd?: true
  /** tells, by a field's value, whether the answer is one to a connection on which nothing came */
  asksNothing?: ((value: Reading['value']) => boolean) | undefined
}

/** What a line says under a layout. */
export interface Reading {
  layout: Layout
  /**
   * a field's value; of several readings, one in which the address slot is as long as it can be: what is hostile
   * stands mostly there
   */
  value: (name: string) => string | undefined
  /** whether readings of the line differ in a field of a segment */
  disputed: (name: string) => boolean
  /** a field's values under every reading of the line; empty where there are too many to tell */
  texts: (name: string) => readonly string[]
  /** the shortest of these, however many there are; undefined where it is no free text */
  shortest: (name: string) => string | undefined
}

/** How many readings of a text are told apart. */
const MAX_TEXTS = 64

/**
 * Reads a line under a layout. A hostile text may hold what looks like a segment, so every span at which a segment can
 * stand is found, and all the readings that they allow together can be compared.
 * @returns undefined when the line is not of this layout
 */
export function readLine(line: string, layout: Layout): Reading | undefined {
  const { segments, texts } = layout
  const spans = findSpans(line, segments)
  if (!spans) return undefined

  const chosen = chooseSpans(spans, layout)
  const values: (readonly (string | undefined)[] | undefined)[] = []
  const around = (name: string) => {
    const at = texts.indexOf(name)
    const [left, right] = [spans[at], spans[at + 1]]
    return at >= 0 && left && right ? { left, right, chosen: [chosen[at], chosen[at + 1]] } : undefined
  }
  const within = (name: string) => {
    const at = segments.findIndex(({ fields }) => fields.includes(name))
    const [segment, of, span] = [segments[at], spans[at], chosen[at]]
    return segment && of && span ? { at, segment, of, span, group: segment.fields.indexOf(name) } : undefined
  }

  return {
    layout,
    value(name) {
      const text = around(name)
      if (text) return line.slice(text.chosen[0]?.end, text.chosen[1]?.start)
      const field = within(name)
      if (!field) return undefined
      values[field.at] ??= valuesAt(line, field.segment, field.span)
      return values[field.at]?.[field.group]
    },
    disputed(name) {
      const field = within(name)
      if (!field || field.of.list.length === 1) return false
      const { segment, of, group } = field
      const first = valuesAt(line, segment, of.list[0])[group]
      return of.many || of.list.some(span => valuesAt(line, segment, span)[group] !== first)
    },
    texts(name) {
      const text = around(name)
      if (text) return textsBetween(line, text.left, text.right)
      const field = within(name)
      if (!field || field.of.many) return []
      const { segment, of, group } = field
      return [...new Set(of.list.map(span => valuesAt(line, segment, span)[group] ?? ''))]
    },
    shortest(name) {
      const text = around(name)
      return text && line.slice(text.left.last.end, text.right.list[0].start)
    },
  }
}

/** The same, its texts out of a string of JSON. */
export function unescaped(reading: Reading): Reading {
  const plain = (text: string | undefined) => (text === undefined ? undefined : textOf(text))
  return {
    ...reading,
    value: name => plain(reading.value(name)),
    texts: name => reading.texts(name).map(textOf),
    shortest: name => plain(reading.shortest(name)),
  }
}

/** What escape_json of uWSGI made a text of; the text as it is where that cannot be. */
function textOf(escaped: string): string {
  if (!escaped.includes('\\')) return escaped
  return escaped.replace(/\\(["\\tnr])/g, (_, letter: string) => ESCAPED[letter] ?? letter)
}

const ESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' }

/** For each segment the first span behind that of the one before it; undefined where one is missing. */
export function firstSpans(line: string, segments: readonly Segment[]): Span[] | undefined {
  const spans: Span[] = []
  let from = 0
  for (const segment of segments) {
    const span = firstSpan(line, segment, from)
    if (!span) return undefined
    spans.push(span)
    from = span.end
  }
  return spans
}

/** For each segment the spans at which it stands in some reading of the whole line. */
function findSpans(line: string, segments: readonly Segment[]): Spans[] | undefined {
  const firsts = firstSpans(line, segments)
  if (!firsts) return undefined
  // a span counts if the next segment has one behind it, and so on to the end
  const all: Spans[] = []
  let latest = line.length
  for (const [i, segment] of [...segments.entries()].reverse()) {
    const first = firsts[i]
    const spans = first && spansUpTo(line, segment, first, latest)
    if (!spans) return undefined
    all.unshift(spans)
    latest = spans.last.start
  }
  return all
}

/** One reading: from the left, each segment up to the end of the first address as far right as it goes, then as far left. */
function chooseSpans(spans: readonly Spans[], { texts }: Layout): Span[] {
  const addressEnd = texts.findIndex(name => ADDRESSES.includes(name)) + 1
  let from = 0
  return spans.map(({ list, last }, i) => {
    const span = (i > addressEnd && list.find(({ start }) => start >= from)) || last
    from = span.end
    return span
  })
}

/** What may stand between two segments: from each span of the one to each of the other behind it. */
function textsBetween(line: string, left: Spans, right: Spans): string[] {
  // each of them has one on the other side
  if (left.many || right.many) return []
  const texts: string[] = []
  for (const { end } of left.list) {
    for (const { start } of right.list) {
      if (start < end) continue
      if (texts.length === MAX_TEXTS) return []
      texts.push(line.slice(end, start))
    }
  }
  return texts
}
