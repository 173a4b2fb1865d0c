import type { FrontName } from './fronts.js'
import type { Front } from './look.js'
import type { App } from './uwsgi.js'

/** Lines that are missing in a file of somebody else. */
export interface Lines {
  file: string
  /** where in it they belong */
  where: string
  lines: string[]
  /** how the server is made to read it */
  reload: string
}

const HAPROXY_REMOVES = 'http-request del-header ^x[-_]forwarded[-_]for$ -m reg'
/** All spellings of the header but the usual one, in which a proxy before HAProxy has written the client. */
export const OTHER_SPELLINGS = '^x(_forwarded[-_]|-forwarded_)for$ -m reg'
/** The socket for commands, where Debian's configuration has it. */
export const ADMIN_SOCKET = '/run/haproxy/admin.sock'
const SPELLINGS = ['X-Forwarded-For', 'X_Forwarded_For', 'X-Forwarded_For', 'X_Forwarded-For']

/** What to add where nobody has read the configuration, so that it is to be compared with it. */
const UNREAD: Readonly<Record<Exclude<FrontName, 'nginx' | 'haproxy'>, Omit<Lines, 'reload'>>> = {
  apache: {
    file: "Apache's configuration",
    where: 'in the VirtualHost, with mod_headers, where the requests are passed by mod_proxy_http',
    lines: SPELLINGS.map(name => `RequestHeader unset ${name}`),
  },
  caddy: {
    file: 'the Caddyfile',
    where: 'in reverse_proxy',
    lines: SPELLINGS.slice(1).map(name => `header_up -${name}`),
  },
  traefik: {
    file: "Traefik's configuration",
    where: 'in a middleware of the router, under headers.customRequestHeaders',
    lines: SPELLINGS.slice(1).map(name => `${name}: ""`),
  },
  other: {
    file: 'the front end',
    where: 'by its own means',
    lines: ['X-Forwarded-For: the address that connects to it, instead of, or behind, what the client sent'],
  },
}

/**
 * What the front end needs so that the client is known, and its bans have an effect.
 * @param isBehindProxies whether it stands behind a CDN or load balancer, which has written the client into the header
 */
export function frontLines(front: Front, bansFile: string | undefined, isBehindProxies: boolean): Lines[] {
  const { name, file, protocol, client, includes } = front
  if (name === 'nginx') {
    const [where, line] =
      protocol === 'http'
        ? ['proxy_pass', `proxy_set_header X-Forwarded-For ${valueFor(front, isBehindProxies)};`]
        : ['uwsgi_pass', 'include /etc/nginx/uwsgi_params;']
    const at = { file: file ?? "nginx's configuration", reload: 'nginx -t && systemctl reload nginx' }
    // behind a socket of the file system too: what cannot be seen in packets is in the log
    return [
      ...(client === undefined || (protocol === 'http' && !isOurs(client, front, isBehindProxies))
        ? [{ ...at, where: `in the location with ${where}${instead(client)}`, lines: [line] }]
        : []),
      ...(bansFile === undefined || includes.includes(bansFile)
        ? []
        : [{ ...at, where: 'in the server', lines: [`include ${bansFile};`] }]),
    ]
  }
  if (name === 'haproxy') return haproxyLines(front, bansFile, isBehindProxies)
  return protocol === 'uwsgi' ? [] : [{ ...UNREAD[name], reload: 'reload it' }]
}

function haproxyLines(
  { file, client, includes, isRemoving, adminSocket }: Front,
  map: string | undefined,
  isBehindProxies: boolean,
): Lines[] {
  const at = {
    file: file ?? 'haproxy.cfg',
    reload: 'haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy',
  }
  const lines = [
    ...(isRemoving ? [] : [isBehindProxies ? `http-request del-header ${OTHER_SPELLINGS}` : HAPROXY_REMOVES]),
    ...(client === undefined ? ['option forwardfor'] : []),
    ...(map === undefined || includes.includes(map)
      ? []
      : [
          'http-request set-var(txn.now) date()',
          `http-request deny if { src,map_ip_int(${map},0),sub(txn.now) gt 0 }`,
        ]),
  ]
  const socket = `stats socket ${ADMIN_SOCKET} mode 660 level admin`
  return [
    ...(map === undefined || adminSocket !== undefined
      ? []
      : [{ ...at, where: 'in global', lines: [socket] }]),
    ...(lines.length === 0 ? [] : [{ ...at, where: 'in the frontend', lines }]),
  ]
}

const APPENDED = '$proxy_add_x_forwarded_for'

/** The value of nginx that is the client, or a list in which proxies before nginx have written it. */
function valueFor({ readsClient }: Front, isBehindProxies: boolean): string {
  return isBehindProxies && !readsClient ? APPENDED : '$remote_addr'
}

/** Values of nginx that are the client, or end with it. */
function isOurs(value: string, front: Front, isBehindProxies: boolean): boolean {
  return (
    value === APPENDED ||
    value === valueFor(front, isBehindProxies) ||
    (!isBehindProxies && value === '$realip_remote_addr')
  )
}

function instead(value: string | undefined): string {
  return value === undefined ? '' : `, instead of the value ${value}`
}

/** What uWSGI needs so that the client is in its log. */
export function appLines({ file, said, announcesClose }: App, { name, protocol }: Front): Lines[] {
  const isLogged = protocol === 'http'
  // a format of its own says what is logged
  const isWrong = said.format === undefined && (isLogged ? said.forwarded !== true : said.forwarded === true)
  const lines = [
    ...(isWrong ? [written(file, 'log-x-forwarded-for', String(isLogged))] : []),
    ...(name === 'haproxy' && !announcesClose ? [written(file, 'add-header', 'Connection: close')] : []),
  ]
  const reload = 'systemctl restart uwsgi'
  return lines.length === 0 ? [] : [{ file, where: 'in the section uwsgi', lines, reload }]
}

/** An option as a configuration of uWSGI in this format has it. */
function written(file: string, option: string, value: string): string {
  if (/\.ya?ml$/.test(file)) return /^\w+$/.test(value) ? `${option}: ${value}` : `${option}: "${value}"`
  if (file.endsWith('.xml')) return `<${option}>${value}</${option}>`
  return file.endsWith('.json') ? `"${option}": "${value}"` : `${option} = ${value}`
}
