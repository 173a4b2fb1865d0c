import { ADDRESSES } from '../address-slot.js'
import type { Part } from './part.js'
import { SOCKET } from './variables.js'

/** What may stand between the characters of an address, and between two addresses of a list. */
const WITHIN_LIST = /[ ,:.]/

/**
 * Refuses a format in which a part does not show where it ends and the next begins: only one of the ways to take
 * such a line apart would be looked at, and a client may be the one who chooses which.
 * @throws RangeError that names the variables
 */
export function refuseAmbiguity(parts: readonly Part[]): void {
  for (const [i, left] of parts.entries()) {
    const next = parts[i + 1]
    if ('literal' in left || !next) continue
    if (!('literal' in next)) {
      if (isOpen(left) && (isOpen(next) || 'field' in left)) refuse(left, next)
      continue
    }
    const right = parts[i + 2]
    const { literal } = next
    if ('field' in left) {
      const isPort = literal === ':' && right && 'field' in right && right.field === 'var.REMOTE_PORT'
      if (left.grammar.more?.test(literal.charAt(0)) && !isPort) refuse(left, next)
    } else if (right && 'field' in right) {
      if (consistsOf(literal, right.grammar.more)) refuse(left, right)
    } else if (right && 'text' in right) {
      if (ADDRESSES.includes(left.text) && consistsOf(literal, WITHIN_LIST)) refuse(left, right)
      if (ADDRESSES.includes(right.text) && consistsOf(literal, SOCKET.more)) refuse(left, right)
    }
  }
}

function consistsOf(literal: string, characters: RegExp | null): boolean {
  return characters !== null && [...literal].every(character => characters.test(character))
}

/** Whether the end of a part has to be told by what follows. */
function isOpen(part: Part): boolean {
  return 'text' in part || ('field' in part && part.grammar.more !== null)
}

function refuse(left: Part, right: Part): never {
  throw new RangeError(
    `${nameOf(left)} and ${nameOf(right)} stand side by side: nothing tells where the one ends and the other begins. ` +
      'In the log-format of uWSGI, put a text between them that neither can hold, such as " - "',
  )
}

function nameOf(part: Part): string {
  if ('literal' in part) return JSON.stringify(part.literal)
  if ('text' in part) return `%(${part.text})`
  return part.unformatted === undefined ? `%(${part.field})` : JSON.stringify(part.unformatted)
}
