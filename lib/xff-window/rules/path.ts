/*
 * Servers and apps read one path in several ways: they decode it or not, take several slashes for one, follow dots. Which
 * of these the app does is not in its log. So a rule fits if it fits any of the readings, so that nobody dodges it by
 * another spelling, and an exception only if it fits all of them, so that nobody hides behind one.
 */

/** What `toReadings` changes. Most paths have nothing of that. */
const CHANGES = /[A-Z%#\u0080-\uffff]|^[^/]|\/[/.]|\/$/
const ABSOLUTE = /^[a-z][a-z\d+.-]{0,20}:\/\/[^/?#]*/i
const ESCAPES = /(?:%[\da-f]{2})+/gi

/** The path of a URI as it was logged, without its query; of an absolute URI, what follows the host. */
export function pathOf(uri: string): string {
  const query = uri.indexOf('?')
  const whole = query < 0 ? uri : uri.slice(0, query)
  if (whole.startsWith('/')) return whole
  const path = whole.replace(ABSOLUTE, '')
  return path.startsWith('/') ? path : `/${path}`
}

/** All readings of a path, in lower case. */
export function readingsOf(path: string): readonly string[] {
  if (!CHANGES.test(path)) return [path]
  const readings = new Set(exactReadings(path).map(reading => reading.toLowerCase()))
  // apps that answer under /login mostly do so under /login/
  for (const reading of [...readings]) readings.add(reading.replace(/(?<!\/)\/+$/, '') || '/')
  return [...readings]
}

/** The readings of a path in the case in which it was asked for. */
export function exactReadings(path: string): readonly string[] {
  const fragment = path.indexOf('#')
  const bare = fragment < 0 ? path : path.slice(0, fragment)
  const decoded = decodeEscapes(bare)
  return [path, bare, decoded, withoutDots(decoded)]
}

/** `%2F` to `/`, once; what is no escape stays. */
export function decodeEscapes(text: string): string {
  return text.replace(ESCAPES, run => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}

/** Several slashes as one; `.` and `..` followed, but never above the root (RFC 3986, 5.2.4). */
function withoutDots(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const last = segments.at(-1)
  const isFolder = kept.length > 0 && (last === '' || last === '.' || last === '..')
  return `/${kept.join('/')}${isFolder ? '/' : ''}`
}
