import type { Grammar, Ordinary } from './variables.js'

/** A part of a log-format. */
export type Part = Literal | Text | Field

interface Literal {
  literal: string
}

/** What a stranger may have written. */
interface Text {
  text: string
  /** what an ordinary line has there, if that is not any text */
  ordinary?: Ordinary
}

/** What uWSGI or the front end has written. */
export interface Field {
  field: string
  grammar: Grammar
  /** a date that stands in the line as the format has it where uWSGI does not put in the time */
  unformatted?: string
}

/** A part of a line of which there are several kinds, as of uWSGI's own. */
export type LinePart =
  | Part
  /** what may be missing */
  | { optional: readonly Part[] }
  /** what may stand there, but in no ordinary line */
  | { rare: readonly Part[] }
  /** the first stands in an ordinary line */
  | { either: readonly [readonly Part[], readonly Part[]] }

/** A part that an ordinary line may have. */
export type OrdinaryPart = Part | { optional: readonly Part[] }

/** The parts of an ordinary line. */
export function ordinaryParts(parts: readonly LinePart[]): OrdinaryPart[] {
  const ordinary = parts.flatMap((part): readonly OrdinaryPart[] => {
    if ('rare' in part) return []
    if ('either' in part) return part.either[0]
    if (!('text' in part && part.ordinary)) return [part]
    return [{ field: part.text, grammar: { source: '.*', more: null, ordinary: part.ordinary } }]
  })
  return joinedLiterals(ordinary)
}

/** The same parts, literals that stand side by side as one. */
export function joinedLiterals<Some extends OrdinaryPart>(parts: readonly Some[]): (Some | Literal)[] {
  const found: (Some | Literal)[] = []
  for (const part of parts) {
    const last = found.at(-1)
    if (last && 'literal' in last && 'literal' in part)
      found[found.length - 1] = { literal: last.literal + part.literal }
    else found.push(part)
  }
  return found
}

/**
 * The pattern of parts without texts.
 * @param names the fields that become groups
 */
export function patternOfParts(parts: readonly LinePart[], names: ReadonlySet<string>): string {
  const within = (some: readonly LinePart[]) => patternOfParts(some, names)
  return parts
    .map(part => {
      if ('literal' in part) return escaped(part.literal)
      if ('field' in part) return names.has(part.field) ? `(${part.grammar.source})` : inOne(part.grammar)
      if ('optional' in part) return `(?:${within(part.optional)})?`
      if ('rare' in part) return `(?:${within(part.rare)})?`
      if ('either' in part) return `(?:${part.either.map(within).join('|')})`
      throw new TypeError(`${part.text} is a text, which has no pattern`)
    })
    .join('')
}

/** The fields of parts, in the order of their groups. */
export function fieldsOfParts(parts: readonly LinePart[], names: ReadonlySet<string>): string[] {
  return parts.flatMap(part => {
    if ('field' in part) return names.has(part.field) ? [part.field] : []
    const inner = 'optional' in part ? part.optional : 'rare' in part ? part.rare : undefined
    if (inner) return fieldsOfParts(inner, names)
    return 'either' in part ? part.either.flatMap(some => fieldsOfParts(some, names)) : []
  })
}

function inOne({ source }: Grammar): string {
  return source.includes('|') ? `(?:${source})` : source
}

/** A text as a pattern. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
