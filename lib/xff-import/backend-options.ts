import type { Action } from './action.js'
import type { Note } from './translation.js'

/** The pattern of the old recipe, which looks for a hop that another one follows. */
const RECIPE = 'X-Forwarded-For: <ip>,'
/** fail2ban's default target, and its text for any port. */
const UNREACHABLE = 'REJECT --reject-with icmp-port-unreachable'
const ANY_PORT = /^(?:0|1):65535$/
/** How many ports of a range are worth an option each. */
const MAX_PORTS = 16

/** The options of xff-ban that say how to ban, from the actions of a jail and its own `port`. */
export function enforcement(actions: readonly Action[], port: string | undefined, note: Note): string[] {
  const acting = actions.filter(({ does }) => does === 'search' || does === 'refuse')
  for (const { name } of actions.filter(({ does }) => does === 'else')) {
    note('action', name, 'it runs a program of its own; any program can read the records that xff-ban writes')
  }
  for (const { name } of acting.filter(({ does }) => does === 'refuse')) {
    note(
      'action',
      name,
      'it blocks packets by their source, which behind a proxy is the proxy; xff-ban looks into the packets',
    )
  }
  const options = new Map(acting.flatMap(({ options }) => [...options]))
  const ports = portsOf(options.get('port') ?? port, note)
  if (ports.length === 0) return ['--dry-run']
  return [
    ...ports.flatMap(one => ['--port', one]),
    ...acting.flatMap(action => (action.does === 'search' ? matchOf(action, note) : [])),
    ...protocolOf(options.get('protocol'), note),
    ...chainOf(options.get('chain'), note),
    ...blockOf(options.get('blocktype'), note),
  ]
}

function portsOf(ports: string | undefined, note: Note): string[] {
  const why = "put --port with the app's port (socket or http-socket in uwsgi.ini) in the place of --dry-run"
  if (ports === undefined || ports === '' || ANY_PORT.test(ports)) {
    note('port', ports ?? '', why)
    return []
  }
  const found = ports.split(',').flatMap(part => {
    const [, first, last] = /^\s*(\d{1,5})(?:[:-](\d{1,5}))?\s*$/.exec(part) ?? []
    const from = Number(first)
    const to = Number(last ?? first)
    if (from >= 1 && to <= 65_535 && from <= to && to - from < MAX_PORTS) {
      return Array.from({ length: to - from + 1 }, (_, i) => String(from + i))
    }
    const known = part.trim() === 'http' ? 'the port of the front end, if that is 80' : 'not a port number'
    note('port', part.trim(), `${known}: xff-ban takes the number of the app's port`)
    return []
  })
  if (found.length === 0) note('port', ports, why)
  return found
}

function matchOf(action: Action & { does: 'search' }, note: Note): string[] {
  if (action.text === RECIPE) {
    note(
      'action',
      `${action.name}: --string "${RECIPE}"`,
      'no front end writes a comma after the client; xff-ban looks for what front ends do write (--match: http for nginx, haproxy, uwsgi, behind:PROXY)',
    )
    return []
  }
  // in a template the bars are hex on both sides; in --string they are themselves
  const template = (action.hex ? action.text : action.text.replaceAll('|', '|7c|')).replaceAll('<ip>', '{ip}')
  if (!template.includes('{ip}')) {
    note('action', `${action.name}: ${action.text}`, 'the pattern does not contain <ip>')
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
  // <known/chain> is fail2ban's way to say that of the action
  if (chain === undefined || chain === 'INPUT' || chain === '<known/chain>') return []
  if (/^[A-Za-z0-9_-]{1,28}$/.test(chain)) return ['--chain', chain]
  note('chain', chain, 'not the name of a chain')
  return []
}

function blockOf(blocktype: string | undefined, note: Note): string[] {
  if (blocktype === undefined) return []
  const can = /^[\w.:/= -]+$/.test(blocktype) && !blocktype.startsWith(UNREACHABLE)
  note(
    'blocktype',
    blocktype,
    `xff-ban answers with a TCP reset, which frees the app's half-open socket at once${can ? `; --block '${blocktype}' is the same` : ''}`,
  )
  return []
}
