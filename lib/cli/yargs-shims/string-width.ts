/** string-width for our help texts, which are ASCII: yargs brings tables of every script otherwise. */
export default function stringWidth(text: string): number {
  return text.length
}
