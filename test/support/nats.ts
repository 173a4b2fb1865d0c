import './apart.js'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import type { Test } from 'tap'
import { bundle, withCommands } from './commands.js'
import { missing } from './programs.js'
import { shortTempDir } from './temp-dir.js'
import { waitFor } from './wait-for.js'

/** The server of Debian 12; test/support/packages installs it. */
const DEBIAN = 'nats-server'
/** A newer one, which may have replicas: test/support/newer-nats unpacks that of Debian 13. */
const NEWER = resolve('build/nats/usr/sbin/nats-server')

export const noNats = missing(DEBIAN)
export const hasNewerNats = existsSync(NEWER)

export interface NatsOptions {
  /** how many servers form a cluster, of the newer release where there is more than one */
  nodes?: number
  /** further lines of the configuration of each */
  config?: string
  isNewer?: boolean
}

export interface Nats {
  urls: string[]
  dir: string
  /** of the servers that run */
  pids: () => number[]
  start: (node?: number) => Promise<void>
  kill: (node?: number, signal?: NodeJS.Signals) => Promise<void>
  /** Has it read other further lines of its configuration. */
  reconfigure: (config: string) => void
  /** Sends it a signal that does not end it. */
  signal: (node: number, signal: NodeJS.Signals) => void
}

let nextPort = 4222

/** Starts servers on loopback, with ports and folders of their own; they end with the test. */
export async function startNats(
  t: Pick<Test, 'teardown'>,
  { nodes = 1, config = '', isNewer = nodes > 1 }: NatsOptions = {},
): Promise<Nats> {
  const dir = shortTempDir(t)
  const base = nextPort
  nextPort += 2 * nodes
  const routes = Array.from({ length: nodes }, (_, i) => `nats://127.0.0.1:${base + nodes + i}`)
  const servers: (ChildProcess | undefined)[] = []
  const write = (node: number, more = config) => {
    const cluster = `cluster { name: c, listen: "127.0.0.1:${base + nodes + node}", routes: [${routes.join(', ')}] }`
    const path = join(dir, `${node}.conf`)
    writeFileSync(
      path,
      `server_name: n${node}\nhost: 127.0.0.1\nport: ${base + node}\n` +
        `jetstream { store_dir: "${join(dir, `store${node}`)}", max_mem: 64MB, max_file: 8GB }\n` +
        `${nodes > 1 ? cluster : ''}\n${more}\n`,
    )
    return path
  }
  const nats: Nats = {
    urls: Array.from({ length: nodes }, (_, i) => `nats://127.0.0.1:${base + i}`),
    dir,
    pids: () => servers.flatMap(server => server?.pid ?? []),
    async start(node = 0) {
      const log = openSync(join(dir, `${node}.log`), 'a')
      servers[node] = spawn(isNewer ? NEWER : DEBIAN, ['-c', write(node)], { stdio: ['ignore', log, log] })
      await waitFor(`nats-server ${node}`, () => isListening(base + node))
    },
    async kill(node = 0, signal = 'SIGKILL') {
      const server = servers[node]
      if (!server || server.exitCode !== null || server.signalCode !== null) return
      const ended = once(server, 'exit')
      server.kill(signal)
      await ended
    },
    reconfigure(more) {
      servers.forEach((server, node) => {
        write(node, more)
        server?.kill('SIGHUP')
      })
    },
    signal(node, signal) {
      servers[node]?.kill(signal)
    },
  }
  t.teardown(() => Promise.all(servers.map((_, node) => nats.kill(node))))
  for (let node = 0; node < nodes; node++) await nats.start(node)
  return nats
}

function isListening(port: number): Promise<boolean> {
  return new Promise(done => {
    const socket = connectTcp(port, '127.0.0.1')
    socket.once('connect', () => done(true)).once('error', () => done(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Runs `xff-bus` on these servers to its end. @returns stdout, stderr and the exit code, whatever it is */
export async function bus({ urls }: Pick<Nats, 'urls'>, line: string, input: string | Buffer = '') {
  const args = [...line.split(' '), ...urls.flatMap(url => ['--server', url])]
  const { stdout, stderr, exitCode } = await execa(bundle('xff-bus'), args, {
    input,
    env: withCommands(),
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 1 << 30,
  })
  return { stdout, stderr, exitCode }
}

/** The same, set up. A cluster needs a moment for its leader. */
export async function setUpNats(
  t: Pick<Test, 'teardown'>,
  options: NatsOptions = {},
  setup = 'setup',
): Promise<Nats> {
  const nats = await startNats(t, options)
  const line = options.nodes === undefined ? setup : `${setup} --replicas ${options.nodes}`
  await waitFor('the streams', async () => (await bus(nats, line)).exitCode === 0)
  return nats
}

/** A shell that runs a pipeline of commands as built; all of it ends with the test. `$SERVER` is the option --server. */
export function pipeline(t: Pick<Test, 'teardown'>, { urls, dir }: Nats, commands: string) {
  const shell = spawn('setsid', ['bash', '-c', commands], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: withCommands({ SERVER: urls.map(url => `--server ${url}`).join(' '), TZ: 'UTC' }),
  })
  const said = { stdout: '', stderr: '' }
  shell.stdout.on('data', chunk => {
    said.stdout += chunk
  })
  shell.stderr.on('data', chunk => {
    said.stderr += chunk
  })
  const end = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (shell.exitCode !== null || shell.signalCode !== null || shell.pid === undefined) return
    const ended = once(shell, 'close')
    process.kill(-shell.pid, signal)
    await ended
  }
  t.teardown(() => end())
  return { said, end, shell }
}
