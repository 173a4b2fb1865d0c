import { contains, parsePrefix, prefixOf } from '../net/prefix.js'
import { LOOPBACK_RANGES } from '../net/private.js'
import type { Note } from './translation.js'

/** Loopback is never banned anyway. */
const LOOPBACK = LOOPBACK_RANGES.map(prefixOf)

/** `--ignore`, from `ignoreip`: addresses and ranges, separated by white space or commas. */
export function ignoreOptions(ignoreip: string, note: Note): string[] {
  return ignoreip
    .split(/[\s,]+/)
    .filter(Boolean)
    .flatMap(entry => {
      const prefix = parsePrefix(entry)
      if (!prefix) {
        note('ignoreip', entry, 'not an address or a range like 10.0.0.0/8: names are never looked up')
        return []
      }
      return LOOPBACK.some(range => contains(range, prefix.network)) ? [] : ['--ignore', entry]
    })
}
