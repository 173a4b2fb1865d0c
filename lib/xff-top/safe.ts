/** What every terminal shows as one character in one column: printable ASCII. */
const OTHERS = /[^ -~]/gu

/**
 * Text from outside for a screen, where all depends on how wide it is: whatever is not printable ASCII is escaped. Nothing
 * in it moves a cursor, hides, turns text around, or takes more than one column or none.
 */
export function safe(text: string, most = 200): string {
  const cut = text.length > most ? `${text.slice(0, most)}...` : text
  return cut.replace(OTHERS, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
