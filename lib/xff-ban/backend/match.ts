/** The byte patterns by which a front end's packets tell that they come from a client. */
export type Match = (ip: string) => Buffer[]

/** What each front end really sends (measured on nginx 1.22 and HAProxy 2.6). */
const PRESETS: Readonly<Record<string, readonly string[]>> = {
  // nginx with $proxy_add_x_forwarded_for, alone in the header or behind what the client sent; HAProxy's
  // own line, which is the last of the header
  http: ['X-Forwarded-For: {ip}|0d0a|', ', {ip}|0d0a|', '|0d0a|x-forwarded-for: {ip}|0d0a0d0a|'],
  // HAProxy alone: where it passes on what a client sends, the patterns of nginx would hit him
  haproxy: ['|0d0a|x-forwarded-for: {ip}|0d0a0d0a|'],
  // nginx's uwsgi_pass with the stock uwsgi_params: lengths are 16 bits, little-endian
  uwsgi: ['|0b00|REMOTE_ADDR{len}{ip}'],
  // the pattern of the old fail2ban recipe, for those who have a front end that it fits
  recipe: ['X-Forwarded-For: {ip},'],
}

/** A proxy in front of the one that speaks to the app writes its own address behind the client's. */
const BEHIND = (proxy: string) => [`X-Forwarded-For: {ip}, ${proxy}|0d0a|`, `, {ip}, ${proxy}|0d0a|`]

/** The kernel's bound on a pattern (XT_STRING_MAX_PATTERN_SIZE). */
const MAX_PATTERN = 128
/** The longest an address is written: `::ffff:255.255.255.255` is shorter than a full IPv6 address. */
const LONGEST_IP = 39

/**
 * Compiles `http`, `haproxy`, `uwsgi`, `recipe`, `behind:PROXY`, or a template of the user's own: text with `{ip}`,
 * `{len}` for the address's length in 16 bits little-endian, and bytes in hex between bars (`|0d0a|`).
 * @param mapped whether IPv4 clients are also written as `::ffff:1.2.3.4`, as behind a dual-stack listener
 * @throws RangeError
 */
export function compileMatch(match: string, mapped: boolean): Match {
  const templates = templatesOf(match).map(parseTemplate)
  return ip => {
    const spellings = mapped && !ip.includes(':') ? [ip, `::ffff:${ip}`] : [ip]
    return spellings.flatMap(spelling => templates.map(fill => fill(spelling)))
  }
}

function templatesOf(match: string): readonly string[] {
  if (Object.hasOwn(PRESETS, match)) return PRESETS[match] as readonly string[]
  const [, proxy] = /^behind:([0-9a-f.:]+)$/i.exec(match) ?? []
  if (proxy !== undefined) return BEHIND(proxy)
  if (match.includes('{ip}')) return [match]
  throw new RangeError(
    `expected ${Object.keys(PRESETS).join(', ')}, behind:PROXY or a template with {ip}, got ${JSON.stringify(match)}`,
  )
}

function parseTemplate(template: string): (ip: string) => Buffer {
  const bars = template.split('|')
  if (bars.length % 2 === 0)
    throw new RangeError(`expected hex between bars, got ${JSON.stringify(template)}`)
  // even parts are text, odd ones hex
  const parts = bars.flatMap((part, i): (string | Buffer)[] => {
    if (i % 2 === 0) return part.split(/(\{ip\}|\{len\})/).filter(Boolean)
    if (!/^(?:[0-9a-f]{2})+$/i.test(part)) {
      throw new RangeError(
        `expected hex between bars, got ${JSON.stringify(part)} in ${JSON.stringify(template)}`,
      )
    }
    return [Buffer.from(part, 'hex')]
  })
  const fill = (ip: string) =>
    Buffer.concat(
      parts.map(part => {
        if (typeof part !== 'string') return part
        if (part === '{ip}') return Buffer.from(ip)
        if (part === '{len}') return Buffer.from([ip.length, 0])
        return Buffer.from(part)
      }),
    )
  const longest = fill('x'.repeat(LONGEST_IP)).length
  if (longest > MAX_PATTERN) {
    throw new RangeError(`expected a pattern of at most ${MAX_PATTERN} bytes, got one of ${longest}`)
  }
  return fill
}
