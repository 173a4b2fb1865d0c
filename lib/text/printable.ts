/**
 * Characters that can end a line, move a cursor, turn text around or hide it: control, format, private-use, unassigned
 * and surrogate code points, and the line and paragraph separators.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/gu
const UNPRINTABLE_RUN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]+/gu
const UNPRINTABLE_IN_LINES = /(?![\t\n])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/gu
/** The same, and what is simply not seen: blanks other than U+0020 and ignorable code points. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu

/** Text from outside, harmless on a terminal and in a file of lines: unprintable characters as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, codePointEscape)
}

/** As `printable`, with invisible characters as `\u{…}` too, so that no address or path looks like another one. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, codePointEscape)
}

/** Text from outside as one line: each run of unprintable characters becomes a blank. */
export function oneLine(text: string): string {
  return text.replace(UNPRINTABLE_RUN, ' ').trim()
}

/** JSON Lines for a terminal: the same records, with unprintable characters as JSON writes them, `\u009b`. */
export function printableJson(lines: string): string {
  return lines.replace(UNPRINTABLE_IN_LINES, character =>
    Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
      .map(unit => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** The beginning of a text from outside, of at most `most` UTF-16 units, harmless on a terminal. */
export function excerpt(text: string, most = 120): string {
  return printable(text.length > most ? `${text.slice(0, most)}…` : text)
}

function codePointEscape(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}
