import { basename, extname } from 'node:path'
import { messageOf } from '../../exit.js'
import { optionsOf } from '../../uwsgi-parse/settings/entries.js'
import { type LogSettings, logSettings } from '../../uwsgi-parse/settings/log-settings.js'
import { readConfiguration } from '../../uwsgi-parse/settings/read.js'
import { type Endpoint, parseEndpoint } from './endpoint.js'
import type { Machine } from './machine.js'

/** Where Debian and others keep the configurations of apps. */
const PLACES = ['/etc/uwsgi/apps-enabled', '/etc/uwsgi/vassals', '/etc/uwsgi-emperor/vassals', '/etc/uwsgi']
const KINDS = ['ini', 'yaml', 'yml', 'xml', 'json']
/** Debian's own: each app there has a socket and a log of its name, whatever its file says. */
const DEBIAN = '/etc/uwsgi/apps-enabled/'

/** An app, as its configuration describes it. */
export interface App {
  name: string
  file: string
  sockets: readonly { protocol: 'http' | 'uwsgi'; at: Endpoint }[]
  /** the log of its requests; undefined where the file does not tell */
  log: string | undefined
  /** whether only requests are in it */
  hasOwnLog: boolean
  said: LogSettings
  /** whether responses announce that the connection ends */
  announcesClose: boolean
}

/** The apps of a machine, and what could not be read. */
export async function uwsgiApps(
  machine: Machine,
  only: string | undefined,
): Promise<{ apps: App[]; unread: string[] }> {
  const patterns = PLACES.flatMap(folder => KINDS.map(kind => `${folder}/*.${kind}`))
  const files = only === undefined ? patterns.flatMap(machine.files) : [only]
  const apps: App[] = []
  const unread: string[] = []
  for (const file of files) {
    try {
      apps.push(await appOf(machine, file))
    } catch (error) {
      if (only !== undefined) throw error
      unread.push(`${file}: ${messageOf(error)}`)
    }
  }
  return { apps, unread }
}

/** @throws RangeError for a file that cannot be read */
async function appOf(machine: Machine, file: string): Promise<App> {
  const configuration = await readConfiguration(machine.place(file))
  const { all, last } = optionsOf(configuration.entries)
  const name = basename(file, extname(file))
  const isDebian = file.startsWith(DEBIAN)
  const bound = (protocol: 'http' | 'uwsgi', ...options: string[]) =>
    all(...options).flatMap(({ value }) => {
      const at = parseEndpoint(value.split(',', 1)[0] ?? '')
      return at ? [{ protocol, at }] : []
    })
  const own = fileIn(last('req-logger', 'logger-req')?.value)
  const shared =
    fileIn(last('logger')?.value) ?? last('logto', 'logto2', 'daemonize', 'daemonize2', 'log')?.value
  return {
    ...{ name, file, said: logSettings(configuration) },
    sockets: [
      ...bound('http', 'http-socket', 'http11-socket', 'https-socket', 'http', 'https'),
      ...bound('uwsgi', 'socket', 'uwsgi-socket'),
      ...(isDebian ? [{ protocol: 'uwsgi' as const, at: { path: `/run/uwsgi/app/${name}/socket` } }] : []),
    ],
    log: own ?? shared ?? (isDebian ? `/var/log/uwsgi/app/${name}.log` : undefined),
    hasOwnLog: own !== undefined,
    announcesClose: all('add-header').some(({ value }) => /^connection:\s*close$/i.test(value)),
  }
}

/** The path in `file:PATH` or `ID file:PATH`. */
function fileIn(logger: string | undefined): string | undefined {
  return /^(?:\S+ )?file:(\/\S+)$/.exec(logger ?? '')?.[1]
}
