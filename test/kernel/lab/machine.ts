import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Test } from 'tap'
import { withCommands } from '../../support/commands.js'
import { LIMIT } from '../../support/wait-for.js'
import { ATTACKER, SECOND_ATTACKER, USER } from '../addresses.js'
import { listening } from './listening.js'
import { addNamespace, batch, type Endpoint, removeNamespace } from './network.js'
import { wholeNginx } from './nginx.js'
import { type Pipeline, pipelineOf } from './pipeline.js'
import { inNamespace, type Program, startProgram } from './program.js'
import { type Answer, type Request, startAgent } from './request.js'
import { uwsgiArguments } from './uwsgi.js'

/**
 * A machine with containers, as Docker, Podman and Kubernetes build them, and the outside:
 *
 *     client, 1.2.3.4 ... -- 192.0.2.2 -- wan 192.0.2.1 host -- what a test adds
 */
export interface Machine {
  /** for the files of the test; removed at its end */
  folder: string
  /** the app's, on the host: as of a volume, or where a container's output is kept */
  log: string
  /** Makes a host or container of its own. */
  add: (name: string) => Promise<void>
  /** The path of its network namespace. */
  namespace: (name: string) => string
  /** Carries out commands of `ip` in one; `@NAME` stands for the namespace of another. */
  ip: (name: string, ...lines: string[]) => Promise<void>
  /** Runs a program to its end. @throws when it fails */
  command: (name: string, argv: readonly [string, ...string[]], input?: string) => Promise<string>
  /** Hands rules to iptables-restore, a line each, the name of the table first. */
  rules: (name: string, table: string, ...lines: string[]) => Promise<void>
  /** Starts a program that listens on ports. */
  serve: (name: string, argv: readonly string[], ...ports: number[]) => Promise<Program>
  /** An nginx that passes on to `address:port`, and tells who the client is. */
  nginx: (name: string, to: string, options?: { port?: number; more?: string }) => Promise<Program>
  /** An nginx with servers of its own. */
  configured: (name: string, text: string, port: number) => Promise<Program>
  /** A uWSGI with the tests' app on all addresses, which writes `log`. */
  uwsgi: (name: string, ...ports: number[]) => Promise<Program>
  /** Makes a request from one of the clients' addresses. */
  request: (request: Request) => Promise<Answer>
  /** Runs xff-ban to its end, on the host; returns what it said. */
  xffBan: (options: string, ...ips: string[]) => Promise<string>
  /** Starts a shell pipeline on the host; our commands are found by their names. */
  pipeline: (line: string, name?: string) => Pipeline
  /** the pinned tables of the host */
  pins: () => string
}

/** Where the clients reach the machine. */
export const OUTSIDE: Endpoint = { v4: '192.0.2.1', v6: 'fd78::1', port: 80 }

const CLIENTS = [ATTACKER, SECOND_ATTACKER, USER]

let made = 0

export async function createMachine(t: Pick<Test, 'teardown' | 'passing' | 'comment'>): Promise<Machine> {
  const prefix = `machine${++made}`
  const namespace = (name: string) => `${prefix}-${name}`
  const folder = mkdtempSync(join(tmpdir(), 'machine-'))
  const log = join(folder, 'uwsgi.log')
  const names: string[] = []
  const programs: { name: string; program: Program }[] = []
  t.teardown(async () => {
    if (!t.passing()) for (const { name, program } of programs) tell(t, name, program)
    for (const name of names) await removeNamespace(namespace(name))
    rmSync(folder, { recursive: true, force: true })
  })

  const add = async (name: string) => {
    names.push(name)
    await addNamespace(namespace(name))
    await batch(namespace(name), ['link set lo up'])
  }
  const ip = (name: string, ...lines: string[]) =>
    batch(
      namespace(name),
      lines.map(line => line.replaceAll(/@(\w+)/g, (_, other) => namespace(other))),
    )
  const command = async (name: string, argv: readonly [string, ...string[]], input = '') => {
    const [program, ...args] = inNamespace(namespace(name), argv)
    const { stdout } = await execa(program, args, { input, env: withCommands(), timeout: LIMIT })
    return stdout
  }
  const start = (name: string, argv: readonly string[]): Program => {
    const program = startProgram(namespace(name), argv, withCommands())
    programs.push({ name: `${argv[0]} (${name})`, program })
    return program
  }
  const serve = async (name: string, argv: readonly string[], ...ports: number[]) => {
    const program = start(name, argv)
    await listening(program, ports)
    return program
  }

  const configured = async (name: string, text: string, port: number) => {
    const own = join(folder, `nginx-${programs.length}`)
    mkdirSync(own)
    writeFileSync(join(own, 'nginx.conf'), wholeNginx(text, own))
    return await serve(name, ['nginx', '-c', join(own, 'nginx.conf'), '-p', own], port)
  }

  await add('client')
  await add('host')
  await ip('client', 'link add out type veth peer name wan netns @host')
  await ip('host', 'address add 192.0.2.1/24 dev wan', 'link set wan up', 'route add default via 192.0.2.2')
  await ip(
    'client',
    'link set out up',
    ...['192.0.2.2/24', ...CLIENTS.map(ip => `${ip}/32`)].map(ip => `address add ${ip} dev out`),
    'route add default via 192.0.2.1',
  )
  const request = startAgent(namespace('client'))

  return {
    ...{ folder, log, add, namespace, ip, command, serve, request },

    async rules(name, table, ...lines) {
      await command(name, ['iptables-restore', '--noflush'], `*${table}\n${lines.join('\n')}\nCOMMIT\n`)
    },

    configured,

    nginx: (name, to, { port = 80, more = '' } = {}) =>
      configured(
        name,
        `
        upstream app { server ${to}; ${more} }
        server {
          listen ${port} backlog=4096;
          location / {
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
          }
        }`,
        port,
      ),

    async uwsgi(name, ...ports) {
      const sockets = ports.map(port => ['http11-socket', `[::]:${port}`] as const) // one for both families
      const more = [...sockets, ['socket-timeout', '300'], ['logfile-chmod', '644']] as const
      return await serve(name, uwsgiArguments({ more }, log), ...ports)
    },

    async xffBan(options, ...ips) {
      const argv = ['xff-ban', ...options.split(' '), '--state', join(folder, 'journal')]
      const input = ips.map(ip => `${JSON.stringify({ type: 'ban', ip })}\n`).join('')
      const [program, ...args] = inNamespace(namespace('host'), argv)
      const { stderr } = await execa(program, args, { input, env: withCommands(), timeout: LIMIT })
      return stderr
    },

    pipeline: (line, name = 'host') => pipelineOf(start(name, ['sh', '-c', line])),
    pins: () => `/sys/fs/bpf/xff-ban/v5-${statSync(`/run/netns/${namespace('host')}`).ino}`,
  }
}

function tell(t: Pick<Test, 'comment'>, name: string, program: Program): void {
  const { stdout, stderr } = program.written()
  const text = [stdout, stderr].join('').split('\n').slice(-20).join('\n').slice(-4_000)
  if (text.trim() !== '') t.comment(`${name} wrote:\n${text}`)
}

/**
 * Whether the kernel has the settings of br_netfilter for each network namespace, as since Linux 5.3: before, only the
 * machine's own namespace showed them, and they are not ours to change.
 */
export function hasOwnBridgeSettings(): boolean {
  return existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables')
}
