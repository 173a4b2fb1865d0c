import { normalize } from 'node:path'

/** Where a server listens, or is asked: a port of a host, or a socket in the file system. */
export type Endpoint = { host: string; port: number } | { path: string }

/** Hosts that stand for all addresses of this one, or are this one alone. */
const ALL = /^(|\*|0(\.0\.0\.0)?|::)$/
const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/

/** `HOST:PORT`, `:PORT`, `[V6]:PORT`, `unix:/PATH` or `/PATH`; undefined for anything else, such as a variable. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, path] = /^(?:unix:)?(\/[^\s:$]+)$/.exec(text) ?? []
  if (path !== undefined) return { path: normalize(path) }
  const [, v6, name, port] = /^(?:\[([\da-fA-F:.]+)\]|([\w.*-]*)):(\d{1,5})$/.exec(text) ?? []
  return port === undefined ? undefined : { host: v6 ?? name ?? '', port: Number(port) }
}

export function isLocal(host: string): boolean {
  return ALL.test(host) || LOOPBACK.test(host)
}

/** Whether who asks one of them is answered at the other. */
export function reaches(asked: Endpoint, bound: Endpoint): boolean {
  if ('path' in asked || 'path' in bound)
    return 'path' in asked && 'path' in bound && onDisk(asked.path) === onDisk(bound.path)
  return (
    asked.port === bound.port &&
    (asked.host === bound.host || ALL.test(bound.host) || (isLocal(asked.host) && isLocal(bound.host)))
  )
}

/** /var/run has been a link to /run for long. */
function onDisk(path: string): string {
  return path.replace(/^\/var\/run\//, '/run/')
}

export function showEndpoint(endpoint: Endpoint): string {
  if ('path' in endpoint) return endpoint.path
  return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`
}
