import { join } from 'node:path'
import { settingValue, shellWord } from '../../xff-import/shell.js'
import { ADMIN_SOCKET, appLines, frontLines, type Lines, OTHER_SPELLINGS } from './additions.js'
import { showEndpoint } from './endpoint.js'
import type { FrontName } from './fronts.js'
import type { Front, Site } from './look.js'
import type { Listener } from './machine.js'
import type { App } from './uwsgi.js'

/** What people know and files do not tell. */
export interface Answers {
  log: string | undefined
  /** proxies before the front end, as values of --trust */
  trust: readonly string[]
}

/** A file that belongs to the jail alone. */
export interface NewFile {
  path: string
  text: string
  /** whether one that is there already stays as it is: bans are in it */
  keeps?: boolean
}

/** What to do so that a jail bans. */
export interface Plan {
  /** the log of the requests */
  log: string
  found: (readonly [what: string, where: string])[]
  /** the settings first */
  files: NewFile[]
  additions: Lines[]
  warnings: string[]
  /** the command that writes the files */
  write: string
  /** commands, in their order, when the files are written and the lines are there */
  steps: string[]
}

export interface PlanOptions {
  name: string
  /** where settings files are */
  folder: string
  /** what listens on the machine; none where nobody knows */
  listeners: readonly Listener[]
  /** the command that writes what is shown */
  again: string
  /** the text of a drop-in of the unit that comes with us */
  dropIn: (name: DropIn) => string
}

type DropIn = 'nginx' | 'haproxy'

/** Where the front end itself refuses the banned, as no packet passes between it and the app. */
interface InFront {
  /** of xff-ban */
  options: string[]
  /** what xff-ban writes and the front end reads */
  file: string
  dropIn: DropIn
}

const UNITS = '/etc/systemd/system'
const DEFAULT_LOG = { nginx: '/var/log/nginx/access.log', haproxy: '/var/log/haproxy.log' } as const

/**
 * Decides how the log of a site is read and where its bans are enforced.
 * @throws RangeError where something has to be known that is not
 */
export function planFor(
  site: Site & { front: Front },
  { name, folder, listeners, again, dropIn }: PlanOptions,
  answers: Answers,
): Plan {
  const { app, front } = site
  const log = answers.log ?? logOf(site)
  if (log === undefined)
    throw new RangeError(
      `--log: expected the log of the requests, which ${app?.file ?? front.name} does not tell`,
    )
  const inFront = front.to && 'path' in front.to ? inFrontOf(front, name, front.to.path) : undefined
  const trust = answers.trust.flatMap(range => ['--trust', range])
  const isDirect = app === undefined || front.protocol === 'uwsgi'
  const parse = [
    ...(app ? readOptions(app, front) : ['--layout', layoutOf(front)]),
    ...(isDirect ? [] : trust),
  ]
  const port = portOf(site)
  const bans = inFront?.options ?? [
    ...['--port', String(port)],
    ...(front.protocol === 'uwsgi' ? ['--uwsgi', 'REMOTE_ADDR'] : []),
  ]
  const ban = [...bans, ...(inFront === undefined && !isDirect ? trust : [])]
  const check = ['xff-ban', 'check', urlOf(front), '--name', name, '--log', log, ...parse, ...bans]
  return {
    log,
    found: foundOf(site, log),
    files: [
      { path: join(folder, `${name}.conf`), text: settingsText({ log, parse, ban }) },
      ...(inFront === undefined ? [] : filesFor(name, inFront, dropIn(inFront.dropIn))),
    ],
    additions: [
      ...frontLines(front, inFront?.file, trust.length > 0 && !inFront),
      ...(app ? appLines(app, front) : []),
    ],
    write: again,
    warnings: [
      ...warningsOf(site, listeners, {
        port: inFront ? undefined : port,
        isEmptied: trust.length > 0 && front.name === 'haproxy' && front.isEmptying,
      }),
      ...(isDirect || inFront ? realIpOf(front, answers.trust) : []),
    ],
    steps: [
      ...(inFront === undefined ? [] : ['systemctl daemon-reload']),
      `systemctl enable --now xff-jail@${name}`,
      `xff-jail status ${name}`,
      // what is enforced in the front end is seen by a ban alone
      [...check, ...(inFront === undefined ? [] : ['--really'])].map(shellWord).join(' '),
    ],
  }
}

/** @throws RangeError where the front end cannot be told of bans */
function inFrontOf({ name: server, protocol, adminSocket }: Front, name: string, path: string): InFront {
  if (server === 'nginx') {
    const file = `/etc/nginx/banned-${name}.conf`
    return { options: ['--nginx', file], file, dropIn: 'nginx' }
  }
  if (server === 'haproxy' && protocol === 'http') {
    const file = `/var/lib/xff-jail/${name}.map`
    return { options: ['--haproxy', adminSocket ?? ADMIN_SOCKET, '--map', file], file, dropIn: 'haproxy' }
  }
  throw new RangeError(
    server === 'haproxy'
      ? `expected a socket of uWSGI that speaks HTTP (http-socket), as HAProxy does, got ${path}`
      : `expected a port between ${server} and the app, got ${path}, where no packet passes`,
  )
}

/** How uwsgi-parse reads the log of uWSGI. */
function readOptions({ file, said }: App, { protocol }: Front): string[] {
  const isOwn = [said.format, said.logDate, said.cutAt, said.encoding].some(one => one !== undefined)
  return [...(isOwn ? ['--ini', file] : []), '--socket', protocol]
}

/** The log of the requests: that of the front end where the app's own is not that of uWSGI; undefined where none is told. */
export function logOf({ app, front }: Site & { front: Front }): string | undefined {
  if (app) return app.log
  const { name, accessLog: [file = ''] = [] } = front
  if (name === 'nginx') return file.startsWith('/') ? file : DEFAULT_LOG.nginx
  return name === 'haproxy' ? DEFAULT_LOG.haproxy : undefined
}

function layoutOf({ name, accessLog = [] }: Front): string {
  const [, format = 'combined'] = accessLog
  return name === 'nginx' && format === 'main' ? 'nginx-main' : name === 'other' ? 'gunicorn' : name
}

/** Where requests come to the app, as packets. */
function portOf({ app, front }: Site): number | undefined {
  const known = [front?.to, ...(app?.sockets ?? []).map(({ at }) => at)]
  return known.flatMap(at => (at && 'port' in at ? at.port : []))[0]
}

function settingsText({ log, parse, ban }: { log: string; parse: string[]; ban: string[] }): string {
  const settings = [
    ['LOG', [log]],
    ['PARSE', parse],
    ['WINDOW', ['--max', '10', '--find', '300']],
    ['BAN', [...ban, '--time', '1h']],
  ] as const
  return settings.map(([setting, words]) => `${setting}=${settingValue(words)}\n`).join('')
}

function filesFor(name: string, { file, dropIn }: InFront, text: string): NewFile[] {
  return [
    { path: file, text: '', keeps: true },
    { path: `${UNITS}/xff-jail@${name}.service.d/${dropIn}.conf`, text },
  ]
}

function foundOf({ app, front }: Site & { front: Front }, log: string): Plan['found'] {
  const to = front.to ? showEndpoint(front.to) : 'a place that is not told'
  return [
    ...(app ? [['app', `uWSGI, ${app.file}`] as const] : []),
    [
      'front end',
      `${front.name}${front.file ? `, ${front.file}` : ''}: passes to ${to} by ${front.protocol === 'http' ? 'HTTP' : 'the uwsgi protocol'}`,
    ],
    ['log', log],
  ]
}

function urlOf({ listens: { port, isTls } }: Front): string {
  const shown = port === (isTls ? 443 : 80) ? '' : `:${port}`
  return `${isTls ? 'https' : 'http'}://127.0.0.1${shown}/`
}

const EMPTIED =
  'HAProxy removes X-Forwarded-For, in which the CDN or load balancer before it has written the client: let it remove ' +
  `the other spellings alone (${OTHER_SPELLINGS})`

function warningsOf(
  { app, front }: Site,
  listeners: readonly Listener[],
  { port, isEmptied }: { port: number | undefined; isEmptied: boolean },
): string[] {
  const isUsed = port === undefined || listeners.length === 0 || listeners.some(one => one.port === port)
  return [
    ...(front?.leaks ?? []).map(
      setting => `${setting}: the X_Forwarded_For of a client passes. Remove that line from nginx`,
    ),
    ...(isEmptied ? [EMPTIED] : []),
    ...(app?.said.warnings ?? []),
    ...(isUsed ? [] : [`nothing listens at port ${port} of this machine now`]),
    ...(app && !app.hasOwnLog
      ? [
          'what the app prints is in the same log. A file for requests alone is better: req-logger = file:PATH in the ' +
            'configuration of uWSGI (on Debian with plugin = logfile), then LOG=PATH',
        ]
      : []),
  ]
}

/** How the front end itself is told of proxies before it, so that an address that connects is that of the client. */
const REAL_IP: Partial<Record<FrontName, string>> = {
  nginx: 'by set_real_ip_from, see share/doc/xff-jail/front-ends/cloudflare.md',
  haproxy: "by http-request set-src with the CDN's own header, where src is the CDN, before it denies",
}

/** Where the address in the log, or that is refused, is the one that connects. */
function realIpOf({ name }: Front, trust: readonly string[]): string[] {
  const how = REAL_IP[name] ?? 'by its own means'
  return trust.length === 0 ? [] : [`--trust: here ${name} itself has to read the client: ${how}`]
}
