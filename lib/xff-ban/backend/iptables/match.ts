/** Bytes as text: one character, U+0000 to U+00FF, a byte. They compare, cut and join as bytes do. */
export type Bytes = string

/** One way in which a client's address is written. */
export interface Spelling {
  /** what is the client's own in all its patterns; no two clients have the same */
  key: Bytes
  /** what is searched for in packets: pattern i begins with `leads[i]` and the key */
  patterns: readonly Bytes[]
}

/** The byte patterns by which a front end's packets tell that they come from a client. */
export interface Match {
  /** what stands before the key, a pattern */
  leads: readonly Bytes[]
  /** whether letters are the same in upper and lower case */
  ignoresCase: boolean
  spell: (ip: string) => Spelling[]
}

/** Templates that share all of what depends on the address, their key. */
interface Preset {
  key: string
  /** what stands before and after it */
  around: readonly (readonly [string, string])[]
  /** the same, where the front end appends the client to what the client sent; none: it never does */
  appended?: readonly (readonly [string, string])[]
  ignoresCase?: true
}

// From the beginning of the line to its end: what stands in other lines, before and behind, is the client's to choose.
// HAProxy writes names in lower case, the others do not.
const NGINX = ['|0d0a|X-Forwarded-For:', ''] as const
const HAPROXY = ['|0d0a|x-forwarded-for:', ''] as const
// one rule a client for both: half of the time that it takes to write them into the kernel
const ANY = { around: [HAPROXY], ignoresCase: true } as const
// the beginning of such a line is the client's, so any line that ends like it is matched
const APPENDED = [[',', '']] as const
const ALONE = [['', '']] as const

/** What each front end really sends (measured on nginx 1.22 and HAProxy 2.6). */
const PRESETS: Readonly<Record<string, Preset>> = {
  http: { key: ' {ip}|0d0a|', ...ANY, appended: APPENDED },
  nginx: { key: ' {ip}|0d0a|', around: [NGINX], appended: APPENDED },
  haproxy: { key: ' {ip}|0d0a|', around: [HAPROXY] },
  // nginx's uwsgi_pass with the stock uwsgi_params: lengths are 16 bits, little-endian
  uwsgi: { key: '|0b00|REMOTE_ADDR{len}{ip}', around: ALONE },
  // the pattern of the old fail2ban recipe, for those who have a front end that it fits
  recipe: { key: 'X-Forwarded-For: {ip},', around: ALONE },
}

/** The kernel's bound on a pattern (XT_STRING_MAX_PATTERN_SIZE). */
const MAX_PATTERN_BYTES = 128
/** The longest an address is written: `::ffff:255.255.255.255` is shorter than a full IPv6 address. */
const MAX_IP_LENGTH = 39

/**
 * Compiles a preset, `behind:PROXY`, or a template of the user's own: text with `{ip}`, `{len}` for the
 * address's length in 16 bits little-endian, and bytes in hex between bars (`|0d0a|`).
 * @param mapped whether IPv4 clients are also written as `::ffff:1.2.3.4`, as behind a dual-stack listener
 * @param appended whether the client may stand at the end of a list
 * @throws RangeError
 */
export function compileMatch(match: string, mapped: boolean, appended = false): Match {
  const preset = presetOf(match)
  const { key } = preset
  if (appended && !preset.appended)
    throw new RangeError(`expected http, nginx or behind:PROXY with --appended, got ${JSON.stringify(match)}`)
  const around = [...preset.around, ...((appended && preset.appended) || [])]
  const fillKey = parseTemplate(key)
  const sides = around.map(([before, after]) => [literal(before), literal(after)] as const)
  const patternsOf = (key: Bytes) => sides.map(([before, after]) => before + key + after)
  const longest = Math.max(...patternsOf(fillKey('x'.repeat(MAX_IP_LENGTH))).map(({ length }) => length))
  if (longest > MAX_PATTERN_BYTES) {
    throw new RangeError(`expected a pattern of at most ${MAX_PATTERN_BYTES} bytes, got one of ${longest}`)
  }
  return {
    leads: sides.map(([before]) => before),
    ignoresCase: preset.ignoresCase === true,
    spell: ip =>
      (mapped && !ip.includes(':') ? [ip, `::ffff:${ip}`] : [ip])
        .map(fillKey)
        .map(key => ({ key, patterns: patternsOf(key) })),
  }
}

function presetOf(match: string): Preset {
  if (Object.hasOwn(PRESETS, match)) return PRESETS[match] as Preset
  // a proxy in front of the one that speaks to the app writes its own address behind the client's
  const [, proxy] = /^behind:([0-9a-f.:]+)$/i.exec(match) ?? []
  if (proxy !== undefined) return { key: ` {ip}, ${proxy}|0d0a|`, ...ANY, appended: APPENDED }
  if (match.includes('{ip}')) return { key: match, around: ALONE }
  throw new RangeError(
    `expected ${Object.keys(PRESETS).join(', ')}, behind:PROXY or a template with {ip}, got ${JSON.stringify(match)}`,
  )
}

/** What a template of the user's own leaves open, so that it matches other addresses, too, for people to read. */
export function openEndsOf(match: string): string[] {
  if (Object.hasOwn(PRESETS, match)) return []
  const text = JSON.stringify(match)
  return [
    // a length says where the address ends
    ...(match.endsWith('{ip}') && !match.endsWith('{len}{ip}')
      ? [`--match ${text} is a prefix match: nothing follows {ip}, so a ban of 1.2.3.4 refuses 1.2.3.45, too`]
      : []),
    ...(match.startsWith('{ip}')
      ? [
          `--match ${text} is a suffix match: nothing precedes {ip}, so a ban of 1.2.3.4 refuses 11.2.3.4, too`,
        ]
      : []),
  ]
}

const literal = (template: string): Bytes => parseTemplate(template)('')

function parseTemplate(template: string): (ip: string) => Bytes {
  const bars = template.split('|')
  if (bars.length % 2 === 0)
    throw new RangeError(`expected hex between bars, got ${JSON.stringify(template)}`)
  // even parts are text, odd ones hex
  const parts = bars.flatMap((part, i): ((ip: string) => Bytes)[] => {
    if (i % 2 === 0) return part.split(/(\{ip\}|\{len\})/).map(slotOrText)
    if (!/^(?:[0-9a-f]{2})+$/i.test(part)) {
      throw new RangeError(
        `expected hex between bars, got ${JSON.stringify(part)} in ${JSON.stringify(template)}`,
      )
    }
    const bytes = Buffer.from(part, 'hex').toString('latin1')
    return [() => bytes]
  })
  return ip => parts.map(part => part(ip)).join('')
}

function slotOrText(part: string): (ip: string) => Bytes {
  if (part === '{ip}') return ip => ip
  if (part === '{len}') return ip => String.fromCharCode(ip.length, 0)
  const bytes = Buffer.from(part).toString('latin1')
  return () => bytes
}
