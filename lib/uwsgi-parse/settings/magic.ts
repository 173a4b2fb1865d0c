import { basename, dirname, extname, resolve } from 'node:path'

/** Magic variables that depend on the machine or the moment: uWSGI's version, host, users, processors, times, inodes. */
const AT_RUN_TIME = /[vVhtTikuUgGjJI]/

/**
 * Puts in what uWSGI puts in the place of `%` and a letter in a configuration file, before it is parsed
 * (core/utils.c, magic_sub; core/init.c, init_magic_table): `%%` is one percent sign, `%n` the name of the file without
 * its extension, and of letters without a meaning nothing is left.
 */
export function compileMagic(path: string): (text: string) => string {
  const full = resolve(path)
  const folder = dirname(full)
  const parts = folder.split('/').filter(Boolean)
  const file = basename(full)
  const extension = extname(full)
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    '(': '%(',
    '[': '\x1b',
    o: path,
    p: full,
    s: file,
    d: `${folder === '/' ? '' : folder}/`,
    e: extension.slice(1),
    n: basename(full, extension),
    c: parts.at(-1) ?? '',
  }
  return text =>
    text.replace(/%(.)/gs, (_, letter: string) => {
      const value = values[letter.toLowerCase()] ?? (/\d/.test(letter) ? parts[Number(letter)] : undefined)
      return value ?? (AT_RUN_TIME.test(letter) ? `$(%${letter})` : '')
    })
}
