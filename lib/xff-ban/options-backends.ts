import { program } from '../cli/options/command.js'
import { flag, group, type Option, repeated, single, type Values } from '../cli/options/option.js'
import { duration, pattern, text, whole } from '../cli/options/values.js'
import type { Backend } from './backend/backend.js'
import { PACKET_OPTIONS } from './options-packets.js'

/** What a backend is given beside its options. */
export interface BackendContext {
  /** of the jail */
  name: string
  /** the journal's file, beside which a backend may keep one of its own */
  state: string
  /** the built kernel program */
  object: string
  /** milliseconds since 1970 */
  now: () => number
  /** the ranges inside a banned prefix that are not banned */
  holesIn?: (ip: string) => readonly string[]
  /** does something while no process bans by a name; returns whether that was so for certain */
  whileFree?: ((name: string, work: () => Promise<void>) => Promise<boolean>) | undefined
  warn: (message: string) => void
}

type Options = Readonly<Record<string, Option<unknown>>>
/** The values of options, of which those named R are given. */
type Given<O, R extends keyof O> = Values<O> & { [K in R]: NonNullable<Values<O>[K]> }

/** A way to ban: its options, and the backend that they make. */
export interface BackendRow<O extends Options = Options, R extends keyof O & string = string> {
  options: O
  /** the option that chooses it, and those that have to be given with it; no other way takes any of its options */
  required: readonly [R, ...R[]]
  /** whether nothing it enforces ends by a clock of its own, so that it can follow the time of the log */
  replays?: boolean
  open(given: Given<O, R>, context: BackendContext): Promise<Backend>
}

/** Infers the types of a row. */
function row<const O extends Options, const R extends keyof O & string>(
  row: BackendRow<O, R>,
): BackendRow<O, R> {
  return row
}

// both are written into commands of HAProxy and of ipset
const MAP = pattern(/^\/[A-Za-z0-9_./+-]+$/, 'a path from / on of letters, digits and _./+-')
const SET = pattern(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,25}$/, 'up to 26 letters, digits and _.-')

const EXEC_TIMEOUT_S = 10
const PUSH_EVERY_S = 30
const PUSH_LIMIT = 10_000

const port = row({
  options: {
    port: repeated('N', 'refuse requests of banned clients to this TCP port', whole(1, 65_535)),
    ...PACKET_OPTIONS,
  },
  required: ['port'],
  async open(given, context) {
    const { packetBackend } = await import('./backend/packets.js')
    const place = { kind: 'kernel', option: '--name', value: context.name } as const
    return { ...packetBackend(given, context), place }
  },
})

const dir = row({
  options: { dir: single('DIR', 'keep one file per ban in this directory, named after the address', text) },
  required: ['dir'],
  replays: true,
  open: async ({ dir }) => (await import('./backend/files.js')).filesBackend(dir),
})

const haproxy = row({
  options: {
    haproxy: single('SOCKET', 'ban in HAProxy, through its admin socket', text),
    map: single(
      'FILE',
      'map of HAProxy that holds the end of each ban, spelled as in its configuration: ' +
        'http-request set-var(txn.now) date() and http-request deny if { src,map_ip_int(FILE,0),sub(txn.now) gt 0 }',
      MAP,
    ),
  },
  required: ['haproxy', 'map'],
  open: async ({ haproxy: socket, map }) =>
    (await import('./backend/haproxy.js')).haproxyBackend({ socket, map }),
})

const nginx = row({
  options: {
    nginx: single(
      'FILE',
      'ban in nginx: write deny directives to this file (include FILE;) and reload nginx',
      text,
    ),
    'nginx-command': single(
      'COMMAND',
      'how to run nginx, such as "nginx -c /srv/nginx.conf" (default: nginx)',
      program,
    ),
  },
  required: ['nginx'],
  open: async ({ nginx: file, 'nginx-command': command = ['nginx'] }) =>
    (await import('./backend/nginx.js')).nginxBackend({ file, command }),
})

const set = row({
  options: {
    set: single(
      'NAME',
      'keep the ipsets NAME (IPv4) and NAME6 (IPv6) for rules of your own: ' +
        'iptables -I INPUT -m set --match-set NAME src -j DROP, and ip6tables likewise with NAME6',
      SET,
    ),
  },
  required: ['set'],
  open: async ({ set: name }, { now }) => (await import('./backend/ipset.js')).ipsetBackend({ name, now }),
})

const exec = row({
  options: {
    'on-ban': single(
      'COMMAND',
      'run a program for each ban: arguments separated by spaces, no shell, {ip} becomes the address, the record is ' +
        'on its stdin; after a restart it runs again for each ban',
      program,
    ),
    'on-unban': single('COMMAND', 'run a program for each unban, likewise', program),
    'exec-timeout': single('SECONDS', 'time limit of these programs (default: 10)', whole(1, 3600)),
  },
  required: ['on-ban', 'on-unban'],
  async open(given, { state, warn }) {
    const { 'on-ban': onBan, 'on-unban': onUnban, 'exec-timeout': timeout = EXEC_TIMEOUT_S } = given
    const { execBackend } = await import('./backend/exec.js')
    return execBackend({ onBan, onUnban, timeoutMs: timeout * 1000, memory: `${state}.told`, warn })
  },
})

const push = row({
  options: {
    push: single(
      'COMMAND',
      'give all bans to a program whenever they have changed, as JSON Lines on its stdin: arguments separated by ' +
        'spaces, no shell',
      program,
    ),
    every: single('TIME', 'with --push: at most so often (default: 30s)', duration(1, 86_400)),
    limit: single(
      'N',
      'with --push: at most so many bans, those that end last (default: 10000)',
      whole(1, 1_000_000),
    ),
  },
  required: ['push'],
  async open({ push: command, every = PUSH_EVERY_S, limit = PUSH_LIMIT }, { warn }) {
    const { pushBackend } = await import('./backend/push.js')
    return pushBackend({ command, everyMs: every * 1000, limit, warn })
  },
})

const dryRun = row({
  options: { 'dry-run': flag('decide and print, but enforce nothing') },
  required: ['dry-run'],
  replays: true,
  open: async () => (await import('./backend/null.js')).nullBackend(),
})

/** All of them; what may be given together, the messages and the choice follow from it. */
export const BACKENDS: readonly BackendRow[] = [port, dir, haproxy, nginx, set, exec, push, dryRun]

/** Their options, but for those that go with `--port`. */
export const BACKEND_OPTIONS = group('How to ban', {
  port: port.options.port,
  packets: PACKET_OPTIONS.packets,
  ...dir.options,
  ...haproxy.options,
  ...nginx.options,
  ...set.options,
  ...exec.options,
  ...push.options,
  ...dryRun.options,
})
