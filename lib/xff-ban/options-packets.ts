import {
  defaulted,
  flag,
  type Values as Given,
  type Option,
  repeated,
  single,
} from '../cli/options/option.js'
import { bit, oneOf, pattern, type Read, ranges, text, whole, words } from '../cli/options/values.js'

/** Of xff-ban: how packets to a port are policed. */
export const PACKET_OPTIONS = {
  packets: defaulted(
    'WAY',
    'bpf: the kernel answers banned clients; iptables: rules reset their connections; auto: bpf if it loads',
    oneOf('auto', 'bpf', 'iptables'),
    'auto',
  ),
  dev: repeated(
    'DEVICE',
    'bpf: network device on which requests arrive',
    pattern(/^[^\s/\0]{1,15}$/, 'the name of a network device'),
    'every device, lo included',
  ),
  hops: single('N', 'bpf: instead of --trust: the number of proxies that append to the header', whole(1, 8)),
  trust: repeated(
    'CIDR',
    'bpf: trusted proxies, skipped when the client is looked for; @FILE holds one per line',
    ranges,
    'private ranges',
  ),
  header: said(
    'NAME',
    'bpf: header that holds the client',
    pattern(/^[A-Za-z0-9_-]{1,63}$/, 'the name of a header: letters, digits and _-'),
    'X-Forwarded-For',
  ),
  uwsgi: single(
    'VAR',
    'bpf: the front end speaks the uwsgi protocol, and this variable holds the client',
    pattern(/^[A-Za-z0-9_]{1,63}$/, 'the name of a uwsgi variable: letters, digits and _'),
  ),
  answer: said(
    'ANSWER',
    'bpf: what banned clients get: 403, 429, reset, or count (a dry run: only counts them)',
    oneOf('403', '429', 'reset', 'count'),
    '403',
  ),
  hits: flag('bpf: write a hit record once a minute for each ban that refused requests'),
  chain: said(
    'CHAIN',
    "iptables: built-in chain that jumps to the jail's chain",
    pattern(/^[A-Za-z0-9_-]{1,28}$/, 'the name of a chain'),
    'INPUT',
  ),
  protocol: said('PROTOCOL', 'iptables: protocol of the packets', oneOf('tcp', 'udp', 'sctp'), 'tcp'),
  match: said(
    'MATCH',
    'iptables: how the front end writes the client: http, haproxy, uwsgi, recipe, behind:PROXY or text with {ip}',
    text,
    'http',
  ),
  mapped: flag('iptables: also match IPv4 clients written as ::ffff:1.2.3.4'),
  block: single(
    'TARGET',
    'iptables: target in the filter table (default: both ends of the connection are reset)',
    words,
  ),
  mark: said(
    'BIT',
    'iptables: bit of the packet mark that nothing else uses, for these resets',
    bit,
    '0x10000000',
  ),
}

/** The options that one of the two ways alone understands. */
const ONLY_BPF = ['dev', 'hops', 'trust', 'header', 'uwsgi', 'answer'] as const
const ONLY_IPTABLES = ['chain', 'protocol', 'match', 'mapped', 'block', 'mark'] as const

/** A value, and whether it was given or is the default. */
export interface Said<T> {
  value: T
  given: boolean
}

function said<T>(value: string, describe: string, read: Read<T>, fallback: string): Option<Said<T>> {
  const option = defaulted(value, describe, read, fallback)
  return { ...option, parse: texts => ({ value: option.parse(texts), given: texts.length > 0 }) }
}

/** What of these was given on the command line, by the way that understands it. */
export function givenOptions(values: Given<typeof PACKET_OPTIONS>): {
  onlyBpf: string[]
  onlyIptables: string[]
} {
  const isGiven = (name: keyof typeof values): boolean => {
    const value = values[name]
    if (Array.isArray(value)) return value.length > 0
    return typeof value === 'object' ? value.given : value !== undefined && value !== false
  }
  const given = (names: readonly (keyof typeof values)[]) => names.filter(isGiven).map(name => `--${name}`)
  return { onlyBpf: given(ONLY_BPF), onlyIptables: given(ONLY_IPTABLES) }
}
