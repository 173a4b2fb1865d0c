/** A copy, since a part of a text would keep the whole of a long line in memory. */
export function copyOf(text: string): string {
  return Buffer.from(text.toWellFormed()).toString()
}
