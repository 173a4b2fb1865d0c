import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EXIT, ExitError, messageOf } from '../../exit.js'
import { replaceFile } from '../../files/replace-file.js'
import { didYouMean } from '../../text/nearest.js'
import { isJailName } from '../settings.js'
import { FRONTS, type FrontName } from './fronts.js'
import { type Front, type Looked, lookAt, type Site } from './look.js'
import { type Machine, machineAt } from './machine.js'
import { type Answers, type NewFile, type Plan, planFor } from './plan.js'
import { type Fate, planText } from './text.js'

export interface SetupOptions extends Answers {
  name: string | undefined
  /** where settings files are */
  folder: string
  /** the folder below which the machine is that is looked at */
  root: string
  /** where the drop-ins of the unit are that come with us */
  dropIns: string
  ini: string | undefined
  front: FrontName | undefined
  port: number | undefined
  write: boolean
  /** asks whoever sits at the terminal; undefined where nobody does */
  ask: Ask | undefined
}

/** @param choices the only answers there are; none: any text, also an empty one */
export type Ask = (question: string, choices: readonly string[]) => Promise<string>

/**
 * Looks how requests come to an app, and tells what has to be set up so that its attackers are banned. Writes the files
 * of the jail alone, and these only if asked to.
 * @returns what people read
 * @throws RangeError where something has to be known that is not
 * @throws ExitError where a file cannot be written
 */
export async function setUp(options: SetupOptions): Promise<string> {
  const { ask, folder } = options
  const machine = machineAt(options.root)
  const looked = await lookAt(machine, options.ini)
  const found = await chooseSite(looked, options)
  const site = { ...found, front: await chooseFront(found, looked, options) }
  const name = options.name ?? site.name
  if (!isJailName(name))
    throw new RangeError(`expected up to 28 letters, digits and _.- for NAME, got ${JSON.stringify(name)}`)
  const trust = options.trust.length > 0 ? options.trust : await askForProxies(site.front, ask)
  const log =
    options.log ??
    (site.app && !site.app.log && ask ? await ask('Where is the log of its requests?', []) : undefined)
  const dropIn = (name: string) => readFileSync(join(options.dropIns, `${name}.conf`), 'utf8')
  const plan = planFor(
    site,
    { name, folder, listeners: looked.listeners, dropIn },
    { log: log || undefined, trust },
  )
  plan.warnings.push(...looked.unread)
  const fates = new Map(plan.files.map(file => [file, fateOf(file, machine)]))
  if (options.write) await write(plan, fates, machine)
  const text = planText(plan, fates)
  if (options.write || !ask || [...fates.values()].every(fate => fate !== 'new')) return text
  if ((await ask(`${text}\nWrite what is to be written?`, ['no', 'yes'])) !== 'yes') return ''
  await write(plan, fates, machine)
  return planText(plan, fates)
}

async function chooseSite(
  { sites, unread }: Looked,
  { name, ask, front, port }: SetupOptions,
): Promise<Site> {
  const [only, ...others] = sites
  const names = sites.map(site => site.name)
  if (only === undefined) {
    if (front !== undefined && port !== undefined) return { name: 'app', app: undefined, front: undefined }
    throw new RangeError(
      'found no configuration of uWSGI below /etc/uwsgi, and no nginx or HAProxy that passes requests on: give --ini FILE ' +
        `with that of uWSGI, or --front and --port${unread.map(text => `; ${text}`).join('')}`,
    )
  }
  const named = sites.find(site => site.name === name)
  if (named) return named
  if (others.length === 0) return only
  if (name === undefined && ask) {
    const chosen = await ask('For which app?', names)
    return sites.find(site => site.name === chosen) ?? only
  }
  const got = name === undefined ? 'none' : `${JSON.stringify(name)}${didYouMean(name, names)}`
  throw new RangeError(`setup: expected the name of an app (${names.join(', ')}), got ${got}`)
}

async function chooseFront(site: Site, { atWeb }: Looked, options: SetupOptions): Promise<Front> {
  const { front, port, ask } = options
  if (site.front && (front === undefined || front === site.front.name)) return site.front
  const guess = atWeb.length === 1 ? atWeb[0] : undefined
  const asked = front ?? guess ?? (ask && (await ask('What stands before the app?', FRONTS)))
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
      includes: [],
      leaks: [],
      isRemoving: false,
      accessLog: undefined,
    },
    protocol: socket?.protocol ?? 'http',
    to: port === undefined ? (socket?.at ?? front?.to) : { host: '127.0.0.1', port },
    listens: { port: 80, isTls: false },
  }
}

async function askForProxies({ name }: Front, ask: Ask | undefined): Promise<readonly string[]> {
  const answer = await ask?.(
    `Does a CDN or a load balancer stand before ${name}? Its name (cloudflare, fastly, ...) or its addresses; nothing for no`,
    [],
  )
  const words = (answer ?? '').split(/[\s,]+/).filter(Boolean)
  return words.length > 0 ? [...words, 'private'] : []
}

function fateOf({ path, text, keeps }: NewFile, machine: Machine): Fate {
  const there = machine.text(path)
  if (there === undefined) return 'new'
  return keeps || there === text ? 'same' : 'other'
}

async function write({ files }: Plan, fates: Map<NewFile, Fate>, machine: Machine): Promise<void> {
  const other = files.find(file => fates.get(file) === 'other')
  if (other)
    throw new RangeError(
      `${other.path} says something else: move it away, or set up a jail with another NAME`,
    )
  for (const file of files.filter(one => fates.get(one) === 'new')) {
    try {
      mkdirSync(dirname(machine.place(file.path)), { recursive: true })
      await replaceFile(machine.place(file.path), file.text)
      fates.set(file, 'written')
    } catch (error) {
      throw new ExitError(`cannot write ${file.path}: ${messageOf(error)}`, EXIT.io, { cause: error })
    }
  }
}
