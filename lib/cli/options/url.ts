import { file, whole } from './values.js'

/**
 * A URL of one of these schemes, or `@FILE` that holds it: a password on a command line is for all to see.
 * No message quotes it: name, password, path and query may be secrets.
 */
export function url(...schemes: string[]): (given: string) => URL {
  const expected = `${schemes.map(scheme => `${scheme}://HOST`).join(' or ')}, or @FILE that holds it`
  return given => {
    const text = given.startsWith('@') ? file(given.slice(1)).trim() : given
    const parsed = URL.canParse(text) ? new URL(text) : undefined
    if (!parsed?.hostname || !schemes.includes(parsed.protocol.slice(0, -1))) {
      const scheme = /^[a-z][a-z0-9+.-]{0,20}:/i.exec(text)?.[0]
      throw new RangeError(`expected ${expected}, got ${scheme ? `an unusable ${scheme} URL` : 'no URL'}`)
    }
    try {
      decodeURIComponent(parsed.username + parsed.password)
    } catch {
      throw new RangeError(
        `expected ${expected}, got one whose user name or password has a % that is not an escape`,
      )
    }
    return parsed
  }
}

/** `HOST` or `HOST:PORT`; an IPv6 address before a port stands in brackets. */
export function hostPort(text: string): { host: string; port: number | undefined } {
  const [, v6, name, port] =
    /^(?:\[([\da-f:.]+)\]|([a-z\d][a-z\d.-]{0,252}))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = v6 ?? name
  if (host === undefined) throw new RangeError(`expected HOST or HOST:PORT, got ${JSON.stringify(text)}`)
  return { host, port: port === undefined ? undefined : whole(1, 65_535)(port) }
}
