import type { Action, StringMatch } from './action.js'
import type { Note } from './translation.js'

/** The pattern of the widely copied recipe, a hop that another hop follows; as often it is written without the comma. */
const RECIPE_PATTERN = /^x-forwarded-for: ?<ip>,?$/i
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
  const ports = portsOf(literalPort(banning) ?? options.get('port') ?? port, note)
  if (ports.length === 0) return ['--dry-run']
  return [
    ...ports.flatMap(one => ['--port', one]),
    ...banning.flatMap(action => (action.kind === 'string-match' ? matchOf(action, note) : [])),
    ...protocolOf(options.get('protocol'), note),
    ...chainOf(literalChain(banning) ?? options.get('chain'), note),
    ...blockOf(options.get('blocktype'), note),
  ]
}

/** What the rule itself says, where that is no option of the action. */
function literalPort(actions: readonly Action[]): string | undefined {
  return actions.flatMap(({ literal }) => literal?.port ?? [])[0]
}

function literalChain(actions: readonly Action[]): string | undefined {
  return actions.flatMap(({ literal }) => literal?.chain ?? [])[0]
}

function portsOf(ports: string | undefined, note: Note): string[] {
  const advice =
    "put --port with the app's port (socket or http-socket in uwsgi.ini) in the place of --dry-run"
  if (ports === undefined || ports === '' || ANY_PORT.test(ports)) {
    note('port', ports ?? '', advice)
    return []
  }
  const problems: string[] = []
  const found = ports.split(',').flatMap(part => {
    const [, first, last] = /^\s*(\d{1,5})(?:[:-](\d{1,5}))?\s*$/.exec(part) ?? []
    const from = Number(first)
    const to = Number(last ?? first)
    if (from >= 1 && to <= 65_535 && from <= to && to - from < MAX_PORTS_OF_RANGE) {
      return Array.from({ length: to - from + 1 }, (_, i) => String(from + i))
    }
    problems.push(part.trim())
    return []
  })
  const isFront = problems.some(part => /^https?$/.test(part))
  const problem = `${isFront ? 'ports of the front end' : 'not a port number'}: xff-ban takes the number of the app's port`
  if (found.length === 0)
    note('port', ports, `${isFront ? 'of the front end; ' : 'no port number; '}${advice}`)
  else if (problems.length > 0) note('port', problems.join(','), problem)
  return found
}

function matchOf(action: Action & StringMatch, note: Note): string[] {
  const isRecipe = RECIPE_PATTERN.test(action.pattern)
  // the length before it says where an address ends
  const isOpen =
    /^<ip>/.test(action.pattern) ||
    (/<ip>$/.test(action.pattern) && !/\|[0-9a-f ]{4,8}\|<ip>$/i.test(action.pattern))
  if (isRecipe || isOpen) {
    const wrong = isOpen
      ? 'with nothing at the end of the address, a ban of 203.0.113.7 hits 203.0.113.70 to .79, too'
      : 'no front end writes a comma after the client'
    note(
      'action',
      `${action.name}: --string "${action.pattern}"`,
      `${wrong}; xff-ban looks for what front ends do write (--match: http for nginx, haproxy, uwsgi, behind:PROXY)`,
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
  // what fail2ban itself sets is nobody's wish
  if (blocktype === undefined || blocktype === UNREACHABLE) return []
  const usable = /^[\w.:/= -]+$/.test(blocktype) && !blocktype.startsWith(UNREACHABLE)
  note(
    'blocktype',
    blocktype,
    `xff-ban answers with a TCP reset, which frees the app's half-open socket at once${usable ? `; --block '${blocktype}' is the same` : ''}`,
  )
  return []
}
