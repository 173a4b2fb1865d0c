import type { Grammar } from './grammar.js'

/** A part of a log-format. */
export type Part = { literal: string } | Text | Field

/** What a stranger may have written. */
interface Text {
  text: string
}

/** What uWSGI or the front end has written. */
export interface Field {
  field: string
  grammar: Grammar
  /** a date that stands in the line as the format has it where uWSGI does not put in the time */
  unformatted?: string
}

/** The variables that hold the client's address, or the list in which it stands. */
export const ADDRESSES: readonly string[] = ['addr', 'var.REMOTE_ADDR', 'var.HTTP_X_FORWARDED_FOR']

/**
 * Refuses a format in which nothing tells where a text of strangers ends and the next begins.
 * @throws RangeError that names the variables
 */
export function refuseNeighbours(parts: readonly Part[]): void {
  for (const [i, left] of parts.entries()) {
    const next = parts[i + 1]
    const right = parts[i + 2]
    if (!next || !('text' in left)) continue
    if ('text' in next) refuse(left, next)
    const blank = 'literal' in next && /^ *$/.test(next.literal)
    if (blank && right && 'text' in right && ADDRESSES.includes(left.text)) refuse(left, right)
  }
}

function refuse(left: Part, right: Part): never {
  throw new RangeError(
    `${nameOf(left)} and ${nameOf(right)} stand side by side: nothing tells where the one ends and the other begins`,
  )
}

function nameOf(part: Part): string {
  if ('literal' in part) return JSON.stringify(part.literal)
  if ('text' in part) return `%(${part.text})`
  return part.unformatted === undefined ? `%(${part.field})` : JSON.stringify(part.unformatted)
}
