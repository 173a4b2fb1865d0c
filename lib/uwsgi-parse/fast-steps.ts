import { ADDRESSES } from './address-slot.js'
import type { StepKind } from './fast-layout-table.js'
import type { OrdinaryPart } from './layout/part.js'
import { type Ordinary, SLOT, type Word } from './layout/variables.js'

/** What stands at a place of an ordinary line, and the literal behind it. */
export interface Step {
  does: StepKind
  /** of which part; '' where that has no name */
  name: string
  /**
   * of digits and words, how many there are at the most; of an instant, how many milliseconds it counts; of a date, where its
   * seconds stand; of what may be missing, how many steps that is; of a text, 1 where it ends at the first byte of the
   * literal; of the last text, how long all behind it is
   */
  number: number
  /** of a word, its characters, how many there are at the least, and with how many such the literal behind it begins */
  of: RegExp | undefined
  least: number
  overlap: number
  /** up to CHUNK_BYTES; of what may be missing, what it begins with */
  literal: string
  /** what a text must not hold, since the part before it could then stand further right: characters, or nothing */
  without: readonly string[]
}

/** What the module compares at once. */
export const CHUNK_BYTES = 16

/**
 * The steps by which an ordinary line is read from the left, where there are some for all of its parts, and each can stand at
 * one place only: a part that begins with a byte which neither the text behind it nor any of its fields can hold stands at
 * the first place where it fits, and nowhere else.
 */
export function stepsOf(parts: readonly OrdinaryPart[]): readonly Step[] | undefined {
  const steps: Step[] = []
  for (const [i, part] of parts.entries()) {
    const before = parts[i - 1]
    const [first, ...others] =
      'literal' in part ? literalSteps(part.literal) : (stepsOfPart(part, parts, i) ?? [])
    if (!first) return undefined
    const last = steps.at(-1)
    // a literal belongs to what stands before it
    if ('literal' in part && last && before && isValue(before)) last.literal = first.literal
    else steps.push(first)
    steps.push(...others)
  }
  return steps
}

function isValue(part: OrdinaryPart): boolean {
  return 'text' in part || 'field' in part
}

function step(does: StepKind, rest: Partial<Step> = {}): Step {
  return { does, name: '', number: 0, of: undefined, least: 0, overlap: 0, literal: '', without: [], ...rest }
}

/** A literal in chunks; none for one that the module does not compare. */
function literalSteps(literal: string): Step[] {
  if (!/^[\t -~]+$/.test(literal) || literal.includes('%%')) return []
  return chunksOf(literal).map(chunk => step('nothing', { literal: chunk }))
}

/** A literal in pieces that the module can compare. */
export function chunksOf(literal: string): string[] {
  const count = Math.ceil(literal.length / CHUNK_BYTES)
  return Array.from({ length: count }, (_, i) => literal.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES))
}

function stepsOfPart(
  part: Exclude<OrdinaryPart, { literal: string }>,
  parts: readonly OrdinaryPart[],
  index: number,
): readonly Step[] | undefined {
  if ('optional' in part) {
    const [first, ...others] = part.optional
    const inner = stepsOf(others)
    if (!inner || !first || !('literal' in first)) return undefined
    return [step('optional', { literal: first.literal, number: inner.length }), ...inner]
  }
  const behind = parts.slice(index + 1)
  const next = behind[0]
  const literal = next && 'literal' in next ? next.literal : ''
  if ('field' in part) {
    const ordinary = ordinaryOf(part)
    return ordinary && [stepOfField(part.field, ordinary, literal)]
  }
  if (next && literal === '') return undefined
  const without = barred(parts.slice(0, index), literal)
  if (without === null) return undefined
  if (ADDRESSES.includes(part.text)) return [wordStep(part.text, SLOT, literal, without)]
  const isLast = behind.length === (next ? 1 : 0)
  return [
    isLast
      ? step('lastText', { name: part.text, number: literal.length, without })
      : textStep(part.text, literal, without),
  ]
}

/** What an ordinary line has in the place of a field; undefined for other parts, and where nothing is. */
export function ordinaryOf(part: OrdinaryPart): Ordinary | undefined {
  return 'field' in part && part.unformatted === undefined ? part.grammar.ordinary : undefined
}

/** @param literal behind it */
function stepOfField(name: string, ordinary: Ordinary, literal: string): Step {
  const { does } = ordinary
  switch (does) {
    case 'status':
      return step(does, { name })
    case 'word':
      return wordStep(name, ordinary, literal)
    case 'instant':
      return step(does, { name, number: ordinary.unit })
    case 'date':
      return step(does, { name, number: ordinary.second })
    default:
      return step(does, { name, number: ordinary.most })
  }
}

/** A word, which ends where a byte of the literal behind it can be no part of one. */
function wordStep(
  name: string,
  { of, least, most }: Word,
  literal: string,
  without: readonly string[] = [],
): Step {
  const overlap = [...literal].findIndex(character => !of.test(character))
  const word = { name, number: most, of, least, without: without.filter(byte => of.test(byte)) }
  // a list of addresses may hold all of it
  if (literal !== '' && overlap < 0) return step('slot', word)
  return step('word', { ...word, overlap: Math.max(0, overlap) })
}

function textStep(name: string, literal: string, without: readonly string[]): Step {
  const first = literal.charAt(0)
  return step('text', {
    name,
    number: without.includes(first) ? 1 : 0,
    without: without.filter(byte => byte !== first),
  })
}

/**
 * What a text must not hold: the first and the last byte of the part that stands before it.
 * @param before all that stands before the text
 * @returns null where that part does not show where it stands
 */
function barred(before: readonly OrdinaryPart[], behind: string): readonly string[] | null {
  const from = before.findLastIndex(part => 'text' in part) + 1
  const [first, last] = [before[from], before.at(-1)]
  // at the beginning of a line, and nowhere else
  if (!first || (from === 0 && (!('literal' in first) || first.literal.startsWith(' '))))
    return !last || 'literal' in last ? [] : null
  if (!('literal' in first) || !last || !('literal' in last)) return null
  const begin = first.literal.charAt(0)
  // fields hold letters and digits
  if (/[0-9A-Za-z-]/.test(begin)) return null
  // one that ends the text, or that no text holds, need not be looked for
  return [...new Set([begin, last.literal.slice(-1)])].filter(
    byte => byte !== '"' && byte !== '\\' && byte !== behind,
  )
}
