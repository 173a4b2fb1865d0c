import type { Action, StringMatch } from './action.js'
import type { Note } from './translation.js'

/** The pattern of the widely copied recipe: a hop that another hop follows. */
const RECIPE_PATTERN = 'X-Forwarded-For: <ip>,'
/** fail2ban's default target, and how it spells any port. */
const UNREACHABLE = 'REJECT --reject-with icmp-port-unreachable'
const ANY_PORT = /^(?:0|1):65535$/
/** The largest range of ports that is written as one option each. */
const MAX_PORTS_OF_RANGE = 16

/** The options of xff-ban that choose and set up its backend, from the actions of a jail and its own `port`. */
export function backendOptions(actions: readonly Action[], port: string | undefined, note: Note): string[] {
  const banning = actions.filter(({ kind }) => kind === 'string-match' || kind === 'source-address')
  for (const { name } of actions.filter(({ kind }) => kind === 'other')) {
    note('action', name, 'it runs a program of its own; any program can read the records that xff-ban writes')
  }
  for (const { name } of banning.filter(({ kind }) => kind === 'source-address')) {
    note(
      'action',
      name,
      'it blocks packets by their source, which behind a proxy is the proxy; xff-ban looks into the packets',
    )
  }
  const options = new Map(banning.flatMap(({ options }) => [...options]))
  const ports = portsOf(options.get('port') ?? port, note)
  if (ports.length === 0) return ['--dry-run']
  return [
    ...ports.flatMap(one => ['--port', one]),
    ...banning.flatMap(action => (action.kind === 'string-match' ? matchOf(action, note) : [])),
    ...protocolOf(options.get('protocol'), note),
    ...chainOf(options.get('chain'), note),
    ...blockOf(options.get('blocktype'), note),
  ]
}

function portsOf(ports: string | undefined, note: Note): string[] {
  const advice =
    "put --port with the app's port (socket or http-socket in uwsgi.ini) in the place of --dry-run"
  if (ports === undefined || ports === '' || ANY_PORT.test(ports)) {
    note('port', ports ?? '', advice)
    return []
  }
  const found = ports.split(',').flatMap(part => {
    const [, first, last] = /^\s*(\d{1,5})(?:[:-](\d{1,5}))?\s*$/.exec(part) ?? []
    const from = Number(first)
    const to = Number(last ?? first)
    if (from >= 1 && to <= 65_535 && from <= to && to - from < MAX_PORTS_OF_RANGE) {
      return Array.from({ length: to - from + 1 }, (_, i) => String(from + i))
    }
    const problem = part.trim() === 'http' ? 'the port of the front end, if that is 80' : 'not a port number'
    note('port', part.trim(), `${problem}: xff-ban takes the number of the app's port`)
    return []
  })
  if (found.length === 0) note('port', ports, advice)
  return found
}

function matchOf(action: Action & StringMatch, note: Note): string[] {
  if (action.pattern === RECIPE_PATTERN) {
    note(
      'action',
      `${action.name}: --string "${RECIPE_PATTERN}"`,
      'no front end writes a comma after the client; xff-ban looks for what front ends do write (--match: http for nginx, haproxy, uwsgi, behind:PROXY)',
    )
    return []
  }
  // in a template of --match, as in --hex-string, bars enclose hex digits; in --string they are literal
  const template = (action.hex ? action.pattern : action.pattern.replaceAll('|', '|7c|')).replaceAll(
    '<ip>',
    '{ip}',
  )
  if (!template.includes('{ip}')) {
    note('action', `${action.name}: ${action.pattern}`, 'the pattern does not contain <ip>')
    return []
  }
  return ['--match', template]
}

function protocolOf(protocol: string | undefined, note: Note): string[] {
  if (protocol === undefined || protocol === 'tcp') return []
  if (protocol === 'udp' || protocol === 'sctp') return ['--protocol', protocol]
  note('protocol', protocol, 'xff-ban takes tcp, udp or sctp; uWSGI uses tcp')
  return []
}

function chainOf(chain: string | undefined, note: Note): string[] {
  // <known/chain> is fail2ban's spelling of the action's own default
  if (chain === undefined || chain === 'INPUT' || chain === '<known/chain>') return []
  if (/^[A-Za-z0-9_-]{1,28}$/.test(chain)) return ['--chain', chain]
  note('chain', chain, 'not the name of a chain')
  return []
}

function blockOf(blocktype: string | undefined, note: Note): string[] {
  if (blocktype === undefined) return []
  const usable = /^[\w.:/= -]+$/.test(blocktype) && !blocktype.startsWith(UNREACHABLE)
  note(
    'blocktype',
    blocktype,
    `xff-ban answers with a TCP reset, which frees the app's half-open socket at once${usable ? `; --block '${blocktype}' is the same` : ''}`,
  )
  return []
}
