import { printable } from '../text/printable.js'

/** Characters that mean nothing to a shell, nor to systemd where it splits a variable. */
const HARMLESS = /^[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+=:,./-]*$|^-[A-Za-z0-9_@%+=:,./-]*$/

/** A word for a shell that comes out as this text, whatever it holds. */
export function shellWord(text: string): string {
  return HARMLESS.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** A word that the shell expands as a pattern of file names: `*`, `?` and `[...]` stay open, all else is closed. */
export function shellPattern(path: string): string {
  const safe = path.startsWith('-') ? `./${path}` : path
  return safe
    .split(/([*?[\]]+)/)
    .map((part, i) => (i % 2 === 1 || part === '' ? part : shellWord(part)))
    .join('')
}

/**
 * Words as one value of a settings file that a shell and systemd's EnvironmentFile read alike. The value is split
 * into the words again by `eval "set -- $BAN"` there, by a lone `$BAN` in an ExecStart here.
 */
export function settingValue(words: readonly string[]): string {
  return shellWord(words.map(settingWord).join(' '))
}

function settingWord(word: string): string {
  if (HARMLESS.test(word)) return word
  // in double quotes both take the character behind a backslash as it is
  return /['\\]/.test(word) ? `"${word.replace(/["\\$`]/g, character => `\\${character}`)}"` : `'${word}'`
}

/** A line of comment, whatever the texts in it hold: nothing ends it early. */
export function comment(text: string): string {
  return `# ${printable(text)}`
}
