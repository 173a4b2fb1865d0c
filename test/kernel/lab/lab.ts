import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Test } from 'tap'
import { withCommands } from '../../support/commands.js'
import { LIMIT } from '../../support/wait-for.js'
import { CLIENTS } from '../addresses.js'
import { FRONT_ENDS, type Kind } from './front-ends.js'
import { type HaproxyOptions, haproxyConfiguration } from './haproxy.js'
import { listening } from './listening.js'
import { ADDRESSES, createNetwork, type Endpoint, type Host } from './network.js'
import { type NginxOptions, nginxConfiguration } from './nginx.js'
import { type Pipeline, pipelineOf } from './pipeline.js'
import { inNamespace, type Program, startProgram } from './program.js'
import { type Answer, type Request, startAgent } from './request.js'
import { type Uwsgi, type UwsgiOptions, uwsgiArguments, uwsgiOf } from './uwsgi.js'

/** A front end: requests are made to it, and other front ends may stand before it. */
export interface Front extends Endpoint {
  program: Program
  /** with its configuration and its error log or socket */
  folder: string
}

/** Clients, front ends and an app host, each in a network namespace of its own. */
export interface Lab {
  /** for the files of the test; removed at its end */
  folder: string
  uwsgi: (options?: UwsgiOptions) => Promise<Uwsgi>
  nginx: (options: NginxOptions) => Promise<Front>
  haproxy: (options: HaproxyOptions) => Promise<Front>
  /** A front end with a configuration of its own; it is the edge's, and listens on port 80, unless said. */
  configured: (
    kind: Kind,
    text: string,
    options?: { at?: Exclude<Host, 'client'>; port?: number },
  ) => Promise<Front>
  /** Makes a request from one of the clients' addresses. */
  request: (request: Request) => Promise<Answer>
  /** Runs a program to its end, on the app host unless said. @throws when it fails */
  command: (
    argv: readonly [string, ...string[]],
    options?: { at?: Host; input?: string | Uint8Array },
  ) => Promise<string>
  /** Starts a shell pipeline, on the app host unless said; our commands are found by their names. */
  pipeline: (line: string, options?: { at?: Host }) => Pipeline
}

export interface LabOptions {
  /** client addresses beside those of the cast */
  clients?: readonly string[]
}

/** What a lab is made for: a test, or a measurement. */
export type Owner = Pick<Test, 'teardown' | 'passing' | 'comment'>

/** Makes a lab. It is taken down at the end of the test, or with the process (support/apart.ts). */
export async function createLab(t: Owner, { clients = [] }: LabOptions = {}): Promise<Lab> {
  const programs: { name: string; program: Program; log?: string }[] = []
  const folder = mkdtempSync(join(tmpdir(), 'lab-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const network = await createNetwork([...new Set([...CLIENTS, ...clients])])
  t.teardown(async () => {
    if (!t.passing()) for (const { name, program, log } of programs) tell(t, name, program, log)
    await network.remove()
  })

  const start = (host: Host, name: string, argv: readonly string[], log?: string): Program => {
    const program = startProgram(network.namespace(host), argv, withCommands())
    programs.push({ name: `${name} (${host})`, program, ...(log === undefined ? {} : { log }) })
    return program
  }
  const request = startAgent(network.namespace('client'))

  /** A folder of its own for a server. */
  const folderFor = (name: string): string => {
    const own = join(folder, `${name}-${programs.length}`)
    mkdirSync(own)
    return own
  }

  const front = async (
    name: string,
    { at = 'edge', port = 80 }: { at?: Exclude<Host, 'client'>; port?: number },
    configure: (own: Endpoint, folder: string) => string,
    argv: (file: string, folder: string) => string[],
  ): Promise<Front> => {
    const own = { ...ADDRESSES[at], port }
    const folder = folderFor(name)
    const file = join(folder, `${name}.conf`)
    writeFileSync(file, configure(own, folder))
    const program = start(at, name, argv(file, folder), join(folder, 'error.log'))
    await listening(program, [port])
    return { ...own, program, folder }
  }

  return {
    folder,

    async uwsgi(given = {}) {
      const options =
        given.http === undefined && given.socket === undefined ? { ...given, http: 3031 } : given
      const log = join(folderFor('uwsgi'), 'uwsgi.log')
      const program = start('app', 'uwsgi', uwsgiArguments(options, log), log)
      await listening(program, [options.http ?? [], options.socket ?? []].flat())
      return uwsgiOf(program, options, log)
    },

    nginx: options =>
      front(
        'nginx',
        options,
        (own, folder) => nginxConfiguration(options, own, folder),
        FRONT_ENDS.nginx.argv,
      ),

    haproxy: options =>
      front(
        'haproxy',
        options,
        (own, folder) => haproxyConfiguration(options, own, folder),
        FRONT_ENDS.haproxy.argv,
      ),

    configured: (kind, text, options = {}) =>
      front(kind, options, (_, folder) => FRONT_ENDS[kind].whole(text, folder), FRONT_ENDS[kind].argv),

    request,

    async command(argv, { at = 'app', input = '' } = {}) {
      const [program, ...args] = inNamespace(network.namespace(at), argv)
      const { stdout } = await execa(program, args, {
        input,
        env: withCommands(),
        timeout: LIMIT,
      })
      return stdout
    },

    pipeline: (line, { at = 'app' } = {}) => pipelineOf(start(at, 'pipeline', ['sh', '-c', line])),
  }
}

/** How many lines of each program are shown when a test failed, and how much of each. */
const [TOLD, WIDTH] = [20, 500]

/** What a program of a failed test has to say. */
function tell(t: Owner, name: string, program: Program, log: string | undefined): void {
  const { stdout, stderr } = program.written()
  const kept = log !== undefined && existsSync(log) ? readFileSync(log, 'latin1') : ''
  const lines = [stdout, stderr, kept].filter(Boolean).join('---\n').split('\n').slice(-TOLD)
  const text = lines.map(line => line.slice(0, WIDTH)).join('\n')
  if (text !== '') t.comment(`${name} wrote:\n${text}`)
}
