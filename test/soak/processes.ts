import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { withCommands } from '../support/commands.js'

/** What a process reads from and writes to, as descriptors. */
interface Ends {
  stdin: number
  stdout: number
}

/** Processes by name, connected by pipes that only they hold. */
export interface Processes<Name extends string> {
  /** Starts one; its ends of pipes are closed here. */
  start: (name: Name, argv: readonly string[], ends: Ends, env?: Record<string, string>) => void
  /** Sends a signal to those that run, stopped or not, and waits for their ends. */
  end: (names: readonly Name[], signal?: NodeJS.Signals) => Promise<void>
  /** Waits for the end of one that reads what is left in its pipe. */
  drain: (name: Name) => Promise<void>
  signal: (name: Name, signal: NodeJS.Signals) => void
  runs: (name: Name) => boolean
  pids: () => Map<Name, number>
}

/** @param stderr where all of them write their messages */
export function createProcesses<Name extends string>(
  stderr: number,
  onExit: (name: Name, code: number | null, signal: NodeJS.Signals | null) => void,
): Processes<Name> {
  const running = new Map<Name, ChildProcess>()
  /** Does something to one that runs, and waits for its end. */
  const endOf = async (name: Name, act: (child: ChildProcess) => void) => {
    const child = running.get(name)
    if (!child) return
    const exit = once(child, 'exit')
    act(child)
    // one that is stopped goes on
    child.kill('SIGCONT')
    await exit
  }

  return {
    start(name, [program = '', ...args], { stdin, stdout }, env = {}) {
      const child = spawn(program, args, {
        stdio: [stdin, stdout, stderr],
        env: withCommands({ TZ: 'UTC', ...env }),
      })
      running.set(name, child)
      child.once('exit', (code, signal) => {
        running.delete(name)
        onExit(name, code, signal)
      })
      for (const end of [stdin, stdout]) closeSync(end)
    },
    async end(names, signal = 'SIGTERM') {
      await Promise.all(names.map(name => endOf(name, child => child.kill(signal))))
    },
    drain: name => endOf(name, () => {}),
    signal: (name, signal) => running.get(name)?.kill(signal),
    runs: name => running.has(name),
    pids: () => new Map([...running].map(([name, { pid = 0 }]) => [name, pid])),
  }
}

/** Makes a pipe as a shell does: between processes, and without us. */
export function newPipe(path: string): { read: number; write: number } {
  execFileSync('mkfifo', [path])
  // neither end opens without the other, unless it does not wait
  const first = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const write = openSync(path, 'w')
  const read = openSync(path, 'r')
  closeSync(first)
  rmSync(path)
  return { read, write }
}

/** How far a process has read in a file, in bytes; -1 where it has not opened it. */
export function positionOf(pid: number, path: string): number {
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== path) continue
      return Number(/^pos:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? -1)
    }
  } catch {
    // it has ended
  }
  return -1
}
