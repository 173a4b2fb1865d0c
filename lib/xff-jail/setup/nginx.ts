import { isAbsolute, join } from 'node:path'
import { type Endpoint, parseEndpoint } from './endpoint.js'
import type { Machine } from './machine.js'

/** How deep files include one another, and blocks are nested. */
const MAX_DEPTH = 20
const FOLDER = '/etc/nginx'

/** A place where nginx passes requests on. */
export interface NginxPass {
  /** proxy_pass or uwsgi_pass */
  protocol: 'http' | 'uwsgi'
  to: Endpoint
  file: string
  /** the value of X-Forwarded-For that it sets, or of REMOTE_ADDR for uwsgi; undefined where it sets none */
  client: string | undefined
  /** whether it takes the client from what proxies before it say, so that $remote_addr is the client */
  readsClient: boolean
  /** files that are included where it holds */
  includes: readonly string[]
  /** the first port at which the server listens, and whether it speaks TLS there */
  listens: { port: number; isTls: boolean }
  /** formats and files of the access log that holds */
  accessLog: readonly string[] | undefined
  /** settings with which the header of a client passes */
  leaks: readonly string[]
}

interface Directive {
  name: string
  args: readonly string[]
  file: string
  block: readonly Directive[] | undefined
}

/** All places where the nginx of a machine passes requests on; none where it has no nginx. */
export function nginxPasses(machine: Machine): NginxPass[] {
  const all = read(machine, `${FOLDER}/nginx.conf`, 0)
  const http = all.filter(({ name }) => name === 'http').flatMap(({ block }) => block ?? [])
  const upstreams = new Map<string, Endpoint[]>()
  for (const { args, block } of http.filter(({ name }) => name === 'upstream'))
    upstreams.set(
      args[0] ?? '',
      (block ?? [])
        .filter(({ name }) => name === 'server')
        .flatMap(one => parseEndpoint(one.args[0] ?? '') ?? []),
    )
  return passesIn([http], upstreams)
}

/** @param levels the blocks that hold, the outermost first */
function passesIn(
  levels: readonly (readonly Directive[])[],
  upstreams: ReadonlyMap<string, readonly Endpoint[]>,
): NginxPass[] {
  const own = levels.at(-1) ?? []
  const inner = own
    .filter(({ name, block }) => block && ['server', 'location', 'if', 'limit_except'].includes(name))
    .flatMap(({ block }) => passesIn([...levels, block ?? []], upstreams))
  const here = own.flatMap(({ name, args: [target = ''], file }) => {
    if (name !== 'proxy_pass' && name !== 'uwsgi_pass') return []
    const protocol = name === 'uwsgi_pass' ? ('uwsgi' as const) : ('http' as const)
    return endpointsOf(target, upstreams).map(to => ({
      ...{ protocol, to, file },
      ...{ client: clientOf(levels, protocol), includes: includesOf(levels), listens: listensOf(levels) },
      readsClient: inherited(levels, 'set_real_ip_from').length > 0,
      ...{ accessLog: inherited(levels, 'access_log')[0]?.args, leaks: leaksOf(levels) },
    }))
  })
  return [...here, ...inner]
}

function endpointsOf(
  target: string,
  upstreams: ReadonlyMap<string, readonly Endpoint[]>,
): readonly Endpoint[] {
  const unix = /^(?:http:\/\/)?unix:([^:]+)/.exec(target)?.[1]
  if (unix !== undefined) return [parseEndpoint(unix) ?? []].flat()
  const [, scheme, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/.exec(target) ?? []
  const host = rest.split('/', 1)[0] ?? ''
  const known = upstreams.get(host)
  if (known) return known
  const withPort = /:\d+$/.test(host) || host === '' ? host : `${host}:${scheme === 'https' ? 443 : 80}`
  return [parseEndpoint(withPort) ?? []].flat()
}

/** Directives of a name where they hold: those of the innermost block that has any. */
function inherited(levels: readonly (readonly Directive[])[], name: string): Directive[] {
  const found = levels.map(level => level.filter(one => one.name === name))
  return found.findLast(some => some.length > 0) ?? []
}

function clientOf(levels: readonly (readonly Directive[])[], protocol: 'http' | 'uwsgi'): string | undefined {
  const [directive, wanted] =
    protocol === 'http' ? ['proxy_set_header', 'x-forwarded-for'] : ['uwsgi_param', 'remote_addr']
  return inherited(levels, directive).find(({ args }) => args[0]?.toLowerCase() === wanted)?.args[1]
}

function includesOf(levels: readonly (readonly Directive[])[]): string[] {
  return levels.flatMap(level =>
    level.filter(({ name }) => name === 'include').map(({ args }) => args[0] ?? ''),
  )
}

function listensOf(levels: readonly (readonly Directive[])[]): NginxPass['listens'] {
  const all = levels.flatMap(level => level.filter(({ name }) => name === 'listen').map(({ args }) => args))
  const plain = all.find(args => !args.includes('ssl')) ?? all[0] ?? []
  const port = /(?:^|:)(\d{1,5})$/.exec(plain[0] ?? '')?.[1]
  return { port: Number(port ?? 80), isTls: plain.includes('ssl') }
}

function leaksOf(levels: readonly (readonly Directive[])[]): string[] {
  return [
    ['underscores_in_headers', 'on'],
    ['ignore_invalid_headers', 'off'],
  ].flatMap(([name = '', value = '']) =>
    inherited(levels, name).at(-1)?.args[0] === value ? [`${name} ${value}`] : [],
  )
}

/** The directives of a file, with those of the files that it includes behind the `include`. */
function read(machine: Machine, path: string, depth: number): Directive[] {
  const words = wordsOf(machine.text(path) ?? '')
  let at = 0
  const block = (nested: number): Directive[] => {
    const directives: Directive[] = []
    let current: string[] = []
    while (at < words.length) {
      const word = words[at++] ?? ''
      if (word === '}') break
      if (word !== ';' && word !== '{') {
        current.push(word)
        continue
      }
      const [name = '', ...args] = current.map(unquoted)
      current = []
      const inner = word === '{' && nested < MAX_DEPTH ? block(nested + 1) : undefined
      directives.push({ name, args, file: path, block: inner })
      if (name === 'include' && depth < MAX_DEPTH) {
        const pattern = isAbsolute(args[0] ?? '') ? (args[0] ?? '') : join(FOLDER, args[0] ?? '')
        directives.push(...machine.files(pattern).flatMap(file => read(machine, file, depth + 1)))
      }
    }
    return directives
  }
  return block(0)
}

/** The words of a configuration; quotes stay, so that a quoted `;` is told from one that ends a directive. */
function wordsOf(text: string): string[] {
  const words = text.match(/#[^\n]*|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[;{}]|(?:\$\{|[^\s;{}])+/gs) ?? []
  return words.filter(word => !word.startsWith('#'))
}

function unquoted(word: string): string {
  const [first = ''] = word
  return word.length > 1 && `"'`.includes(first) && word.endsWith(first) ? word.slice(1, -1) : word
}
