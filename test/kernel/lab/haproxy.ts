import type { Endpoint, Host } from './network.js'

export interface HaproxyOptions {
  /** the servers behind it */
  to: readonly Endpoint[]
  at?: Exclude<Host, 'client' | 'app'>
  port?: number
  /** further lines of the frontend */
  more?: readonly string[]
}

/** The configuration of a front end with `option forwardfor`. */
export function haproxyConfiguration(
  { to, more = [] }: HaproxyOptions,
  own: Endpoint,
  folder: string,
): string {
  return wholeHaproxy(
    `
frontend front
  option forwardfor
  bind ${own.v4}:${own.port}
  bind [${own.v6}]:${own.port}
  ${more.join('\n  ')}
  default_backend app
backend app
  ${to.map(({ v4, port }, i) => `server app${i} ${v4}:${port}`).join('\n  ')}
`,
    folder,
  )
}

/**
 * What stands around it in /etc/haproxy/haproxy.cfg.
 * @param sections frontends and backends
 */
export function wholeHaproxy(sections: string, folder: string): string {
  return `
global
  stats socket ${folder}/admin.sock mode 600 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
${sections}
`
}
