import { namedRanges, RANGE_WORDS } from '../../net/named-ranges.js'
import { parsePrefix } from '../../net/prefix.js'
import { didYouMean } from '../../text/nearest.js'
import type { Ask } from './ask.js'
import { FRONTS, type FrontName } from './fronts.js'
import type { Front, Looked, Site } from './look.js'
import { logOf } from './plan.js'

/** What is told of an app on the command line, and who may be asked for the rest. */
export interface Told {
  name: string | undefined
  front: FrontName | undefined
  port: number | undefined
  log: string | undefined
  /** ranges of proxies before the front end, as values of --trust */
  trust: readonly string[]
  /** undefined where nobody sits at a terminal */
  ask: Ask | undefined
}

/** An app with what stands before it, and what of it no file tells: then it is told, or was asked for. */
export interface Choice extends Pick<Told, 'front' | 'port' | 'log' | 'trust'> {
  site: Site & { front: Front }
}

/** @throws RangeError where something has to be known that is not */
export async function chooseSite(looked: Looked, told: Told): Promise<Choice> {
  const { ask } = told
  const { site: found, port } = await chooseApp(looked, told)
  const front = await chooseFront(found, looked, { ...told, port })
  const site = { ...found, front }
  const trust = withPrivate(told.trust.length > 0 ? told.trust : await askForProxies(front, ask))
  const log = told.log ?? (logOf(site) === undefined ? await askForLog(ask) : undefined)
  return { site, front: found.front === front ? told.front : front.name, port, log, trust }
}

async function chooseApp(
  { sites, unread }: Looked,
  { name, ask, front, port }: Told,
): Promise<{ site: Site; port: number | undefined }> {
  const [only, ...others] = sites
  const names = sites.map(site => site.name)
  if (only === undefined) {
    const nothing = `found no configuration of uWSGI below /etc/uwsgi, and no nginx or HAProxy that passes requests on`
    const known = port !== undefined && front !== undefined ? port : ask && (await askForPort(nothing, ask))
    if (known !== undefined) return { site: { name: 'app', app: undefined, front: undefined }, port: known }
    throw new RangeError(
      `${nothing}: give --ini FILE with that of uWSGI, or --front and --port${unread.map(text => `; ${text}`).join('')}`,
    )
  }
  const named = sites.find(site => site.name === name)
  if (named) return { site: named, port }
  if (others.length === 0) return { site: only, port }
  if (name === undefined && ask) {
    const chosen = await ask({ text: 'For which app?', choices: names })
    return { site: sites.find(site => site.name === chosen) ?? only, port }
  }
  const got = name === undefined ? 'none' : `${JSON.stringify(name)}${didYouMean(name, names)}`
  throw new RangeError(`setup: expected the name of an app (${names.join(', ')}), got ${got}`)
}

async function chooseFront(
  site: Site,
  { atWeb }: Looked,
  { front, port, ask }: Pick<Told, 'front' | 'port' | 'ask'>,
): Promise<Front> {
  if (site.front && (front === undefined || front === site.front.name)) return site.front
  const guess = atWeb.length === 1 ? atWeb[0] : undefined
  const asked =
    front ?? guess ?? (ask && (await ask({ text: 'What stands before the app?', choices: FRONTS })))
  const name = FRONTS.find(one => one === asked)
  if (name === undefined)
    throw new RangeError(
      `--front: expected what stands before ${site.app?.file ?? site.name} (${FRONTS.join(', ')}), which no ` +
        'configuration of nginx or HAProxy tells',
    )
  return unreadFront(name, site, port)
}

/** A front end whose configuration nobody has read. */
function unreadFront(name: FrontName, { app, front }: Site, port: number | undefined): Front {
  const sockets = app?.sockets ?? []
  const socket = sockets.find(({ at }) => 'port' in at) ?? sockets[0]
  return {
    ...{
      name,
      file: undefined,
      client: undefined,
      readsClient: false,
      includes: [],
      adminSocket: undefined,
      leaks: [],
      isRemoving: false,
      isEmptying: false,
      accessLog: undefined,
    },
    protocol: socket?.protocol ?? 'http',
    to: port === undefined ? (socket?.at ?? front?.to) : { host: '127.0.0.1', port },
    listens: { port: 80, isTls: false },
  }
}

async function askForPort(nothing: string, ask: Ask): Promise<number> {
  const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536
  const answer = await ask({
    text: `${nothing} (--ini FILE names one elsewhere).\nAt which port does the app listen?`,
    problemOf: text => (isPort(text) ? undefined : `expected a port, got ${JSON.stringify(text)}`),
  })
  return Number(answer)
}

async function askForProxies({ name }: Front, ask: Ask | undefined): Promise<readonly string[]> {
  const answer = await ask?.({
    text: `Does a CDN or a load balancer stand before ${name}? Its name (cloudflare, fastly, ...) or its addresses; nothing for no`,
    problemOf: text => {
      const wrong = rangesIn(text).find(word => !namedRanges(word) && !parsePrefix(word))
      return wrong === undefined
        ? undefined
        : `expected addresses, ranges like 10.0.0.0/8, ${RANGE_WORDS.join(', ')}, or nothing, got ${JSON.stringify(wrong)}` +
            didYouMean(wrong, RANGE_WORDS)
    },
  })
  return rangesIn(answer ?? '')
}

/** --trust takes the place of the private ranges, in which the front end itself is. */
function withPrivate(ranges: readonly string[]): readonly string[] {
  return ranges.length > 0 && !ranges.includes('private') ? [...ranges, 'private'] : ranges
}

function rangesIn(answer: string): string[] {
  return /^no?$/i.test(answer) ? [] : answer.split(/[\s,]+/).filter(Boolean)
}

async function askForLog(ask: Ask | undefined): Promise<string | undefined> {
  return await ask?.({
    text: 'Where is the log of its requests?',
    problemOf: path =>
      path.startsWith('/') ? undefined : `expected a path that begins with /, got ${JSON.stringify(path)}`,
  })
}
