/** Characters that can end a line, move a cursor, turn text around or hide it. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]+/gu

/** One line of plain text out of whatever strangers wrote, of at most `most` UTF-16 units. */
export function plain(text: string, most: number): string {
  const line = text
    .slice(0, 4 * most)
    .replace(UNSAFE, ' ')
    .trim()
  return line.length > most ? `${line.slice(0, most).toWellFormed()}…` : line
}
