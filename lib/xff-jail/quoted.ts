/*
 * Quotes as systemd and a shell read them alike in a settings file: '…' is literal, in "…" and outside of quotes a
 * backslash makes the character behind it literal.
 */

/** Where a text goes on behind a piece of it, and what the piece means. */
interface Piece {
  text: string
  next: number
  isLiteral: boolean
}

/** @throws RangeError for a quote that is not closed */
function pieceAt(text: string, at: number): Piece {
  const character = text[at] ?? ''
  if (character === "'") {
    const end = text.indexOf("'", at + 1)
    if (end < 0)
      throw new RangeError(`expected a closing ' behind ${JSON.stringify(text.slice(at, at + 40))}`)
    return { text: text.slice(at + 1, end), next: end + 1, isLiteral: true }
  }
  if (character === '"') return inDoubleQuotes(text, at)
  if (character !== '\\') return { text: character, next: at + 1, isLiteral: false }
  // a line goes on behind a backslash at its end
  return { text: text[at + 1] === '\n' ? '' : (text[at + 1] ?? ''), next: at + 2, isLiteral: true }
}

function inDoubleQuotes(text: string, start: number): Piece {
  let meant = ''
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return { text: meant, next: at + 1, isLiteral: true }
    if (text[at] === '\\') at += 1
    if (text[at] !== '\n' || text[at - 1] !== '\\') meant += text[at] ?? ''
  }
  throw new RangeError(`expected a closing " behind ${JSON.stringify(text.slice(start, start + 40))}`)
}

/**
 * The value of a setting: up to the end of its line, without its quotes.
 * @param from where it begins
 * @returns the value, and where the next line begins
 * @throws RangeError
 */
export function readValue(text: string, from: number): { value: string; next: number } {
  let value = ''
  let at = from
  while (at < text.length) {
    const piece = pieceAt(text, at)
    at = piece.next
    if (piece.text === '\n' && !piece.isLiteral) break
    value += piece.text
  }
  return { value: value.trim(), next: at }
}

/**
 * A value as words, split at blanks outside of quotes, as systemd splits `$NAME` on a command line.
 * @throws RangeError
 */
export function splitWords(value: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < value.length; ) {
    const piece = pieceAt(value, at)
    at = piece.next
    if (!piece.isLiteral && /^\s$/.test(piece.text)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + piece.text
    }
  }
  if (word !== undefined) words.push(word)
  return words
}
