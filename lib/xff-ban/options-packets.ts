import { defaulted, flag, group, type Option, repeated, single, type Values } from '../cli/options/option.js'
import {
  bit,
  content,
  oneOf,
  type ParseValue,
  pattern,
  ranges,
  text,
  whole,
  words,
} from '../cli/options/values.js'

import { MAX_ANSWER_TEXT } from './backend/bpf/answer-text.js'

/** How packets to a port are filtered: by a program in the kernel, or by rules. */
export type PacketBackend = 'bpf' | 'iptables'

/** What is used of these where it is not given. */
export const PACKET_DEFAULTS = {
  header: 'X-Forwarded-For',
  answer: '403',
  chain: 'INPUT',
  protocol: 'tcp',
  match: 'http',
  mark: 0x10000000,
} as const

/** The options beside `--port`; what only one of the two understands says so in `only`. */
export const PACKET_OPTIONS = {
  ...group('How to ban', {
    packets: defaulted(
      'WAY',
      'bpf: the kernel answers banned clients; iptables: rules reset their connections; auto: bpf if it loads',
      oneOf('auto', 'bpf', 'iptables'),
      'auto',
    ),
  }),
  ...group('Kernel program (--packets bpf)', {
    dev: only(
      'bpf',
      repeated(
        'DEVICE',
        'network device by which requests come in or leave for a container; * and ? stand for any characters and for one',
        pattern(/^[^\s/\0]{1,15}$/, 'the name of a network device, or a pattern with * and ?'),
        'every device, lo included',
      ),
    ),
    hops: only(
      'bpf',
      single('N', 'instead of --trust: the number of proxies that append to the header', whole(1, 8)),
    ),
    trust: only(
      'bpf',
      repeated(
        'CIDR',
        'trusted proxies, skipped when the client is looked for and never banned; as for --ignore',
        ranges,
        'private ranges',
      ),
    ),
    header: only(
      'bpf',
      optional(
        'NAME',
        'header that holds the client',
        pattern(/^[A-Za-z0-9_-]{1,63}$/, 'the name of a header: letters, digits and _-'),
        PACKET_DEFAULTS.header,
      ),
    ),
    uwsgi: only(
      'bpf',
      single(
        'VAR',
        'the front end speaks the uwsgi protocol, and this variable holds the client',
        pattern(/^[A-Za-z0-9_]{1,63}$/, 'the name of a uwsgi variable: letters, digits and _'),
      ),
    ),
    answer: only(
      'bpf',
      optional(
        'ANSWER',
        'what banned clients get: 403, 429, reset, or count (a dry run: only counts them)',
        oneOf('403', '429', 'reset', 'count'),
        PACKET_DEFAULTS.answer,
      ),
    ),
    'answer-text': only(
      'bpf',
      single(
        'FILE',
        `text or HTML for the 403 or 429, UTF-8, up to ${MAX_ANSWER_TEXT} bytes`,
        content(MAX_ANSWER_TEXT),
      ),
    ),
    hits: only('bpf', flag('write a hit record once a minute for each ban that refused requests'), 'wish'),
  }),
  ...group('Rules (--packets iptables)', {
    chain: only(
      'iptables',
      single(
        'CHAIN',
        "built-in chain that jumps to the jail's chain (default: the one that the packets pass, INPUT or FORWARD)",
        pattern(/^[A-Za-z0-9_-]{1,28}$/, 'the name of a chain'),
      ),
    ),
    protocol: only(
      'iptables',
      optional('PROTOCOL', 'protocol of the packets', oneOf('tcp', 'udp', 'sctp'), PACKET_DEFAULTS.protocol),
    ),
    match: only(
      'iptables',
      optional(
        'MATCH',
        'how the front end writes the client: http, haproxy, uwsgi, behind:PROXY, text with {ip}, or recipe (as in the fail2ban recipe)',
        text,
        PACKET_DEFAULTS.match,
      ),
    ),
    mapped: only('iptables', flag('also match IPv4 clients written as ::ffff:1.2.3.4')),
    appended: only(
      'iptables',
      flag('also match clients at the end of a list: the front end appends to X-Forwarded-For'),
    ),
    block: only(
      'iptables',
      single('TARGET', 'target in the filter table (default: both ends of the connection are reset)', words),
    ),
    mark: only(
      'iptables',
      optional(
        'BIT',
        'bit of the packet mark that nothing else uses: it marks the connections that are reset',
        bit,
        `0x${PACKET_DEFAULTS.mark.toString(16)}`,
      ),
    ),
  }),
}

export type PacketOptions = Values<typeof PACKET_OPTIONS>

interface OnlyOption<T> extends Option<T> {
  only: PacketBackend
  /** whether the backend is chosen by it; or else it is a wish, which the other one cannot fulfil */
  chooses: boolean
}

function only<T>(
  backend: PacketBackend,
  option: Option<T>,
  kind: 'choice' | 'wish' = 'choice',
): OnlyOption<T> {
  return { ...option, only: backend, chooses: kind === 'choice' }
}

/** An option whose default is applied later, so that it can be told whether it was given. */
function optional<T>(
  value: string,
  describe: string,
  read: ParseValue<T>,
  fallback: string,
): Option<T | undefined> {
  return { ...single(value, describe, read), defaultText: fallback }
}

/** What was given of the options that only one backend understands: those that choose it, and all of them. */
export function givenOnly(
  given: PacketOptions,
  backend: PacketBackend,
): { choices: string[]; all: string[] } {
  const options = Object.entries<Option<unknown> | OnlyOption<unknown>>(PACKET_OPTIONS).filter(
    ([name, option]) =>
      'only' in option && option.only === backend && isGiven(given[name as keyof PacketOptions]),
  )
  const names = (some: typeof options) => some.map(([name]) => `--${name}`)
  return {
    choices: names(options.filter(([, option]) => 'chooses' in option && option.chooses)),
    all: names(options),
  }
}

export function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
}
