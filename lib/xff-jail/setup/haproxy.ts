import { type Endpoint, parseEndpoint } from './endpoint.js'
import type { Machine } from './machine.js'

const FILE = '/etc/haproxy/haproxy.cfg'
/** Words that begin a section, wherever in a line they stand. */
const SECTIONS = [
  ...[
    'global',
    'defaults',
    'frontend',
    'backend',
    'listen',
    'userlist',
    'peers',
    'mailers',
    'resolvers',
    'cache',
  ],
  ...['program', 'ring', 'http-errors', 'fcgi-app', 'crt-store', 'log-forward', 'log-profile', 'traces'],
]

/** A place where HAProxy passes requests on. */
export interface HaproxyPass {
  to: Endpoint
  file: string
  /** whether it adds the client, in this backend or by default */
  isForwarding: boolean
  /** whether some frontend, or the backend, removes the header that a client sends */
  isRemoving: boolean
  /** whether it removes the header also in its usual spelling */
  isEmptying: boolean
  /** the maps in which some frontend, or the backend, looks up whom to deny */
  maps: readonly string[]
  /** the socket for commands at level admin; undefined where there is none */
  adminSocket: string | undefined
  /** the first port of a frontend */
  port: number
}

interface Section {
  kind: string
  lines: string[][]
}

/** All servers to which the HAProxy of a machine passes requests; none where it has no HAProxy. */
export function haproxyPasses(machine: Machine): HaproxyPass[] {
  const sections = sectionsOf(machine.text(FILE) ?? '')
  const has = (kinds: readonly string[], test: (line: string) => boolean) =>
    sections.some(({ kind, lines }) => kinds.includes(kind) && lines.some(words => test(words.join(' '))))
  const isForwarding = (line: string) => /^option forwardfor\b/.test(line)
  const isRemoving = (line: string) =>
    /^http-request (?:del|set)-header /.test(line) && /forwarded/i.test(line)
  const isEmptying = (line: string) =>
    /^http-request (?:del|set)-header (?:x-forwarded-for\b|\^?x\[-_\])/i.test(line)
  const mapsIn = (lines: readonly string[][]) =>
    lines.flatMap(words => /^http-request deny .*\bmap_ip_int\(([^,()\s]+)/.exec(words.join(' '))?.[1] ?? [])
  const adminSocket = sections
    .filter(({ kind }) => kind === 'global')
    .flatMap(({ lines }) => lines)
    .find(words => /^stats socket \/\S+ .*\blevel admin\b/.test(words.join(' ')))?.[2]
  const frontends = sections.filter(({ kind }) => kind === 'frontend').flatMap(({ lines }) => lines)
  const binds = sections.filter(({ kind }) => kind === 'frontend' || kind === 'listen')
  const ports = binds.flatMap(({ lines }) =>
    lines.flatMap(([word, address = '']) =>
      word === 'bind' ? (/:(\d{1,5})$/.exec(address)?.[1] ?? []) : [],
    ),
  )
  return sections
    .filter(({ kind }) => kind === 'backend' || kind === 'listen')
    .flatMap(({ lines }) =>
      lines.flatMap(([word, , address = '']) => {
        const to = word === 'server' ? parseEndpoint(address.replace(/^(?:unix|ipv[46])@/, '')) : undefined
        const inside = lines.map(words => words.join(' '))
        return to === undefined
          ? []
          : [
              {
                ...{ to, file: FILE, port: Number(ports[0] ?? 80) },
                isForwarding: inside.some(isForwarding) || has(['defaults', 'frontend'], isForwarding),
                isRemoving: inside.some(isRemoving) || has(['frontend'], isRemoving),
                isEmptying: inside.some(isEmptying) || has(['frontend'], isEmptying),
                maps: mapsIn([...lines, ...frontends]),
                adminSocket,
              },
            ]
      }),
    )
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = []
  for (const line of text.split('\n')) {
    const words = line
      .replace(/(^|\s)#.*/, '')
      .trim()
      .split(/\s+/)
    const [first = ''] = words
    if (SECTIONS.includes(first)) sections.push({ kind: first, lines: [] })
    else if (first !== '') sections.at(-1)?.lines.push(words)
  }
  return sections
}
