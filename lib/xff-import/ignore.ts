import { contains, type Prefix, parsePrefix } from '../net/prefix.js'
import type { Note } from './translation.js'

/** Never banned anyway. */
const LOOPBACK = [parsePrefix('127.0.0.0/8'), parsePrefix('::1')] as Prefix[]

/** `--ignore`, from `ignoreip`: addresses and ranges, separated by spaces or commas. */
export function ignored(ignoreip: string, note: Note): string[] {
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
