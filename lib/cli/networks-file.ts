import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { messageOf } from '../exit.js'
import { type Networks, readNetworks } from '../net/networks/networks.js'
import { excerpt } from '../text/printable.js'
import { checked } from './options/parse.js'
import { quote } from './options/values.js'
import { reloadableFile } from './reloadable.js'

/** How large a table may be, unpacked: twice that of all that is routed today. */
const MAX_BYTES = 128 * 1024 * 1024
const GZIP = Buffer.from([0x1f, 0x8b])

/**
 * The table of networks of an option, which is read again on SIGHUP; undefined where none is given. Lines that are none
 * are said with the number of the first.
 */
export function openNetworks(
  path: string | undefined,
  warn: (message: string) => void,
): { readonly current: Networks } | undefined {
  if (path === undefined) return undefined
  return checked('--networks: ', () => reloadableFile('networks', () => read(path, warn), warn))
}

function read(path: string, warn: (message: string) => void): Networks {
  const { networks, firstBad, bad } = readNetworks(contentOf(path))
  if (networks.size === 0) {
    const first = firstBad ? `; line ${firstBad.line} is "${excerpt(firstBad.text)}"` : ''
    throw new RangeError(`expected lines such as ${EXAMPLES}, got none in ${quote(path)}${first}`)
  }
  if (firstBad) {
    const more = bad > 1 ? `, and ${bad - 1} more such lines` : ''
    warn(
      `${path}:${firstBad.line}: expected a network such as ${EXAMPLES}, got "${excerpt(firstBad.text)}"${more}; all other lines count`,
    )
  }
  return networks
}

const EXAMPLES = '"192.0.2.0<tab>192.0.2.255<tab>64500<tab>ZZ<tab>NAME" or "192.0.2.0/24 64500"'

/** The text of a file, which may be packed by gzip. @throws RangeError */
function contentOf(path: string): Buffer {
  let content: Buffer
  try {
    content = readFileSync(path)
    if (content.subarray(0, 2).equals(GZIP)) content = gunzipSync(content, { maxOutputLength: MAX_BYTES })
  } catch (error) {
    const isTooLarge = error instanceof RangeError
    throw new RangeError(
      isTooLarge
        ? `expected a table of ${MAX_BYTES} bytes at most, got more in ${quote(path)}`
        : `cannot read ${quote(path)}: ${messageOf(error)}`,
    )
  }
  if (content.length <= MAX_BYTES) return content
  throw new RangeError(
    `expected a table of ${MAX_BYTES} bytes at most, got ${content.length} in ${quote(path)}`,
  )
}
