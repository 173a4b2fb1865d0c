import { oneLine } from '../text/printable.js'

/** Text from outside as one line of printable characters; what is longer than `maxUnits` UTF-16 units is cut. */
export function plainLine(text: string, maxUnits: number): string {
  const line = oneLine(text.slice(0, 4 * maxUnits))
  return line.length > maxUnits ? `${line.slice(0, maxUnits).toWellFormed()}…` : line
}
