/**
 * The throughput of a port whose app answers at once, with the program and without it, in turn: of an app of this host,
 * and of one in a container, with the front end in another one of the same bridge.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { bpfBackend } from '../../lib/xff-ban/backend/bpf.js'
import { OBJECT } from '../kernel/bpf/loaded.js'
import { waitFor } from '../support/wait-for.js'
import { BROWSER, bans } from './bpf-requests.js'

const ADDRESS = '10.0.0.2'
const PORT = 3031
const CONNECTIONS = 32
/** Of one measurement, in milliseconds; and how often the two sides are measured in turn. */
const SPAN = 2000
const ROUNDS = 6
/** Behind a bridge. */
const BRIDGED_BANS = 1000

/** Makes requests from the front end's side for a while; prints how many were answered in a second. */
async function ask(): Promise<void> {
  const head = ['GET / HTTP/1.1', 'X-Forwarded-For: 198.51.100.7', ...BROWSER, '', ''].join('\r\n')
  let answered = 0
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    const socket = connect(PORT, ADDRESS)
    return socket
      .once('connect', () => socket.write(head))
      .on('data', () => {
        answered += 1
        socket.write(head)
      })
  })
  await pause(SPAN)
  for (const socket of sockets) socket.destroy()
  console.log(Math.round((answered / SPAN) * 1000))
}

/** Where front end and app are. */
interface Place {
  /** commands of `ip` for this network namespace */
  host: readonly string[]
  /** and for those that are added, by name */
  added: Readonly<Record<string, readonly string[]>>
  /** the namespace of the app, if it is not this one */
  app?: string
  /** the devices at which the program is */
  devices: readonly string[]
}

const FRONT = ['address add 10.0.0.1/24 dev eth0', 'link set eth0 up']

const ON_THE_HOST: Place = {
  host: [
    'link add app type veth peer name eth0 netns front',
    `address add ${ADDRESS}/24 dev app`,
    'link set app up',
  ],
  added: { front: FRONT },
  devices: ['app'],
}

const ON_A_BRIDGE: Place = {
  host: [
    'link add bridge type bridge',
    'link set bridge up',
    ...['front', 'app'].flatMap(name => [
      `link add ${name} type veth peer name eth0 netns ${name}`,
      `link set ${name} master bridge`,
      `link set ${name} up`,
    ]),
  ],
  added: { front: FRONT, app: [`address add ${ADDRESS}/24 dev eth0`, 'link set eth0 up'] },
  app: 'app',
  devices: ['bridge', 'front', 'app'],
}

/** Prints a row for each number of bans, and one for a bridge. */
export async function throughput(counts: readonly number[]): Promise<void> {
  await measure(ON_THE_HOST, '', counts)
  await measure(ON_A_BRIDGE, 'over a bridge, the program at all members: ', [BRIDGED_BANS])
}

async function measure(place: Place, title: string, counts: readonly number[]): Promise<void> {
  const names = Object.keys(place.added)
  for (const name of names) await execa('ip', ['netns', 'add', name])
  try {
    await execa('ip', ['-batch', '-'], { input: place.host.join('\n') })
    for (const [name, lines] of Object.entries(place.added))
      await execa('ip', ['-n', name, '-batch', '-'], { input: lines.join('\n') })
    const app = runIn(place.app, 'serve')
    await waitFor('the app', () => runIn('front', 'knock').then(() => true))
    for (const count of counts) console.log(`${title}${await compare(place, count)}`)
    app.kill()
    await app.catch(() => {})
  } finally {
    for (const name of names) await execa('ip', ['netns', 'delete', name])
  }
}

/** Runs a part of this program in a namespace. */
function runIn(namespace: string | undefined, role: keyof typeof ROLES) {
  const self = [process.execPath, fileURLToPath(new URL('bpf.js', import.meta.url)), role]
  const [program = '', ...args] =
    namespace === undefined ? self : ['nsenter', `--net=/run/netns/${namespace}`, ...self]
  return execa(program, args)
}

async function compare({ devices }: Place, count: number): Promise<string> {
  const backend = bpfBackend({
    ...{ name: 'bench', ports: [PORT], trust: ['10.0.0.0/8'], devices: [], object: OBJECT, now: Date.now },
    ...{ warn() {}, translations: async () => ({ targets: [], aliases: [] }) },
    ...{ protocol: 'http', field: 'X-Forwarded-For', hops: 0, answer: '403' },
  })
  await backend.open([])
  const start = performance.now()
  await backend.apply(bans(count).map(ban => ({ ban })))
  const loaded = performance.now() - start
  const [without, withBans]: [number[], number[]] = [[], []]
  const rate = async () => Number((await runIn('front', 'ask')).stdout)
  for (let round = 0; round < ROUNDS; round++) {
    withBans.push(await rate())
    for (const device of devices) await execa('tc', ['qdisc', 'del', 'dev', device, 'clsact'])
    without.push(await rate())
    await backend.reconcile()
  }
  await backend.flush()
  const [a, b] = [median(withBans), median(without)]
  return (
    `${count} bans: loaded in ${(loaded / 1000).toFixed(2)} s; ` +
    `${a} of ${b} requests a second, ratio ${(a / b).toFixed(3)} (${spread(withBans)}; ${spread(without)})`
  )
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return ((sorted[sorted.length / 2 - 1] as number) + (sorted[sorted.length / 2] as number)) / 2
}

function spread(numbers: readonly number[]): string {
  return `${Math.min(...numbers)} to ${Math.max(...numbers)}`
}

/** Ends well where the app can be reached. */
async function knock(): Promise<void> {
  const socket = connect(PORT, ADDRESS)
  await once(socket, 'connect')
  socket.destroy()
}

/** An app that answers at once. */
function serve(): void {
  createServer(socket =>
    socket
      .on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n'))
      .on('error', () => {}),
  ).listen(PORT, ADDRESS)
}

/** What this program does where it is started by itself, in another namespace. */
export const ROLES = { ask, serve, knock } as const
