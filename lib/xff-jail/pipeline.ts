import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXIT, ExitError, messageOf } from '../exit.js'

/** One process of a pipeline. */
export interface Part {
  argv: readonly string[]
  /** whether it is one of our commands, which read their files again at SIGHUP; others may end */
  isOurs: boolean
}

/** What a running pipeline can be told. */
export interface Control {
  /** Ends the source, so that the others finish what they have; the second time ends all of them. */
  stop: () => void
  /** Has our commands read their files again. */
  reload: () => void
}

/** Beyond it a shell adds the number of the signal that has ended a process. */
const SIGNALLED = 128

/**
 * Runs processes that are joined by pipes of the kernel, the last one with our stdout, all with our stderr. When one ends,
 * those before it are ended, and those behind it finish what they have read.
 * @param onStart is given what controls it
 * @returns the exit code of the first that failed, 128 + N if signal N has ended it; 0 if none failed
 */
export async function runPipeline(
  parts: readonly Part[],
  env: Record<string, string | undefined>,
  onStart: (control: Control) => void,
): Promise<number> {
  const pipes = makePipes(parts.length - 1)
  const children: ChildProcess[] = []
  const ended = new Set<ChildProcess>()
  let failure = 0
  const end = (some: readonly ChildProcess[]) => {
    for (const child of some) {
      ended.add(child)
      child.kill('SIGTERM')
    }
  }
  let isAsked = false
  try {
    for (const [i, { argv }] of parts.entries()) {
      const [program = '', ...args] = argv
      const stdio = [
        i > 0 ? (pipes[i - 1]?.read ?? 'ignore') : 'inherit',
        pipes[i]?.write ?? 'inherit',
        'inherit',
      ] as const
      children.push(spawn(program, args, { stdio: [...stdio], env }))
    }
  } finally {
    for (const { read, write } of pipes) {
      closeSync(read)
      closeSync(write)
    }
  }
  onStart({
    stop() {
      end(isAsked ? children : children.slice(0, 1))
      isAsked = true
    },
    reload() {
      for (const [i, child] of children.entries()) if (parts[i]?.isOurs) child.kill('SIGHUP')
    },
  })
  await Promise.all(
    children.map(async (child, i) => {
      const code = await exitOf(child, parts[i]?.argv ?? [])
      if (!ended.has(child)) failure ||= code
      end(children.slice(0, i).filter(one => one.exitCode === null && one.signalCode === null))
    }),
  ).catch(error => {
    end(children)
    throw error
  })
  return failure
}

/** @throws ExitError where it could not be started */
async function exitOf(child: ChildProcess, argv: readonly string[]): Promise<number> {
  try {
    const [code, signal]: (number | NodeJS.Signals | null)[] = await once(child, 'exit')
    if (typeof code === 'number') return code
    return SIGNALLED + (typeof signal === 'string' ? constants.signals[signal] : 0)
  } catch (error) {
    throw new ExitError(`cannot run ${argv[0]}: ${messageOf(error)}`, EXIT.unavailable, { cause: error })
  }
}

/**
 * Pipes as open files, for which Node has no call: a FIFO of their own each, which is removed as soon as both of its ends
 * are open. What is made by Node between two processes is a socket, which some programs cannot read by its name.
 */
function makePipes(count: number): { read: number; write: number }[] {
  if (count === 0) return []
  const folder = mkdtempSync(join(tmpdir(), 'xff-jail-'))
  try {
    const paths = Array.from({ length: count }, (_, i) => join(folder, String(i)))
    const { error, status } = spawnSync('mkfifo', ['-m', '600', ...paths], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (error || status !== 0)
      throw new ExitError(
        `cannot make pipes: ${error?.message ?? `mkfifo ended with ${status}`}`,
        EXIT.unavailable,
      )
    return paths.map(path => {
      // with both ends open, to open either does not wait for the other
      const both = openSync(path, 'r+')
      const ends = { read: openSync(path, 'r'), write: openSync(path, 'w') }
      closeSync(both)
      return ends
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
