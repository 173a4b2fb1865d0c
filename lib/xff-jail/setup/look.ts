import { type Endpoint, isLocal, reaches } from './endpoint.js'
import type { FrontName } from './fronts.js'
import { haproxyPasses } from './haproxy.js'
import type { Listener, Machine } from './machine.js'
import { nginxPasses } from './nginx.js'
import { type App, uwsgiApps } from './uwsgi.js'

/** How requests come to an app. */
export interface Front {
  name: FrontName
  /** its configuration; undefined where nobody has read one */
  file: string | undefined
  protocol: 'http' | 'uwsgi'
  /** where it reaches the app; undefined where nobody knows */
  to: Endpoint | undefined
  /** what of its configuration says who the client is */
  client: string | undefined
  /** whether it takes the client from what proxies before it say */
  readsClient: boolean
  /** files that it includes, or maps that it asks whom to deny */
  includes: readonly string[]
  /** where HAProxy takes commands at level admin */
  adminSocket: string | undefined
  leaks: readonly string[]
  listens: { port: number; isTls: boolean }
  /** files and formats of its access log */
  accessLog: readonly string[] | undefined
  isRemoving: boolean
  /** whether HAProxy removes the header also in its usual spelling, by which proxies before it tell the client */
  isEmptying: boolean
}

/** An app with what stands before it. */
export interface Site {
  name: string
  /** undefined: it is not uWSGI, or its configuration is nowhere */
  app: App | undefined
  front: Front | undefined
}

export interface Looked {
  sites: Site[]
  listeners: Listener[]
  /** programs at the ports of the web, which may be front ends */
  atWeb: FrontName[]
  unread: string[]
}

const WEB_PORTS = [80, 443, 8080]
const PROGRAMS: Readonly<Record<string, FrontName>> = {
  ...{ nginx: 'nginx', haproxy: 'haproxy', apache2: 'apache', httpd: 'apache', caddy: 'caddy' },
  traefik: 'traefik',
}

/** Looks for the apps of a machine, and for what passes requests to them. */
export async function lookAt(machine: Machine, ini: string | undefined): Promise<Looked> {
  const { apps, unread } = await uwsgiApps(machine, ini)
  const fronts = frontsOf(machine)
  const listeners = machine.listeners()
  const sites = apps.map((app): Site => {
    const front = fronts.find(
      ({ to, protocol }) =>
        to !== undefined && app.sockets.some(one => one.protocol === protocol && reaches(to, one.at)),
    )
    return { name: app.name, app, front }
  })
  const others = fronts.filter(front => sites.every(site => site.front?.to !== front.to))
  const named = new Map<string, Site>()
  if (sites.length === 0)
    for (const front of others) {
      const name = nameOf(front.to)
      if (!named.has(name)) named.set(name, { name, app: undefined, front })
    }
  const atWeb = listeners.flatMap(({ port, program }) =>
    WEB_PORTS.includes(port) && program !== undefined ? (PROGRAMS[program] ?? []) : [],
  )
  return { sites: [...sites, ...named.values()], listeners, atWeb: [...new Set(atWeb)], unread }
}

function frontsOf(machine: Machine): Front[] {
  const ofNginx = nginxPasses(machine).map(
    (pass): Front => ({
      ...{ ...pass, name: 'nginx', isRemoving: pass.client !== undefined },
      ...{ adminSocket: undefined, isEmptying: false },
    }),
  )
  const ofHaproxy = haproxyPasses(machine).map(
    ({ to, file, isForwarding, isRemoving, isEmptying, maps, adminSocket, port }): Front => ({
      ...{ name: 'haproxy', protocol: 'http', to, file, isRemoving, includes: maps, adminSocket, leaks: [] },
      ...{ readsClient: false, isEmptying },
      client: isForwarding ? 'option forwardfor' : undefined,
      ...{ listens: { port, isTls: port === 443 }, accessLog: undefined },
    }),
  )
  return [...ofNginx, ...ofHaproxy]
}

/** A name for an app of which only its place is known. */
function nameOf(to: Endpoint | undefined): string {
  if (to === undefined) return 'app'
  if ('path' in to) return (to.path.split('/').at(-1) ?? 'app').replace(/\.\w+$/, '') || 'app'
  return isLocal(to.host) ? `app${to.port}` : `${to.host}-${to.port}`.replace(/[^\w.-]/g, '-').slice(0, 28)
}
