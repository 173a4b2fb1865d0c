import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** How long a program may take to end when asked, in milliseconds. */
const PATIENCE = 30_000

/** A program that runs in a namespace. */
export interface Program {
  pid: number
  stdin: Writable
  stdout: Readable
  /** what it has written so far, stdout and stderr */
  written: () => { stdout: string; stderr: string }
  ended: () => boolean
  /** Asks it to end, insists after a while, and returns when it has. */
  end: () => Promise<void>
}

/**
 * tap puts loaders of its own into every child's NODE_OPTIONS; commands shall run as users run them.
 * `nsenter` and `env` become the program, so the pid is its own. (`ip netns exec` would hide /sys/fs/bpf.)
 */
export const inNamespace = (namespace: string, argv: readonly string[]): [string, ...string[]] => [
  ...(['nsenter', `--net=/run/netns/${namespace}`, 'env', '-u', 'NODE_OPTIONS'] as const),
  ...argv,
]

/** Starts a program in a namespace. */
export function startProgram(
  namespace: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const [program, ...args] = inNamespace(namespace, argv)
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const exit = once(child, 'exit')
  exit.catch(() => {}) // told by whoever waits for what the program was to do
  const ended = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  child.stdin.on('error', () => {}) // it ended without reading everything
  return {
    pid: child.pid ?? 0,
    stdin: child.stdin,
    stdout: child.stdout,
    written: () => ({ stdout: stdout(), stderr: stderr() }),
    ended,
    async end() {
      if (ended()) return
      child.kill('SIGTERM')
      const insist = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
      await exit
      clearTimeout(insist)
    },
  }
}

function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  return () => text
}
