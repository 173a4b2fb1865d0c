import { oneLine } from '../text/printable.js'

/** One line of plain text out of whatever strangers wrote, of at most `most` UTF-16 units. */
export function plain(text: string, most: number): string {
  const line = oneLine(text.slice(0, 4 * most))
  return line.length > most ? `${line.slice(0, most).toWellFormed()}…` : line
}
