import { printable } from '../text/printable.js'

/** Words without a special meaning to a shell, or to systemd where it splits a variable. */
const PLAIN_WORD = /^[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+=:,./-]*$|^-[A-Za-z0-9_@%+=:,./-]*$/

/** Quotes a text as one word for a shell. */
export function shellWord(text: string): string {
  return PLAIN_WORD.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** Quotes a path as one word in which the shell expands `*`, `?` and `[...]`; everything else is literal. */
export function shellPattern(path: string): string {
  const safe = path.startsWith('-') ? `./${path}` : path
  return safe
    .split(/([*?[\]]+)/)
    .map((part, i) => (i % 2 === 1 || part === '' ? part : shellWord(part)))
    .join('')
}

/**
 * Quotes words as one value of a settings file, which a shell and systemd's EnvironmentFile read alike. A shell splits
 * the value into the words again by `eval "set -- $BAN"`, systemd by an unquoted `$BAN` in ExecStart.
 */
export function settingValue(words: readonly string[]): string {
  return shellWord(words.map(settingWord).join(' '))
}

function settingWord(word: string): string {
  if (PLAIN_WORD.test(word)) return word
  // in double quotes both take the character after a backslash literally
  return /['\\]/.test(word) ? `"${word.replace(/["\\$`]/g, character => `\\${character}`)}"` : `'${word}'`
}

/** One line of comment: nothing in the text can end it. */
export function comment(text: string): string {
  return `# ${printable(text)}`
}
