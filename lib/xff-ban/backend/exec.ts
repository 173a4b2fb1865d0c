import { rm } from 'node:fs/promises'
import { kill } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { readOwn } from '../../files/own-file.js'
import { encodeLine } from '../../wire/jsonl.js'
import type { UnbanRecord } from '../../wire/record.js'
import type { Backend, Change } from './backend.js'
import { replaceFile } from './replace-file.js'

export interface Options {
  /** the program and its arguments, in which `{ip}` becomes the address or prefix */
  onBan: readonly string[]
  onUnban: readonly string[]
  /** how long a run may take */
  timeoutMs: number
  /** the file that keeps whom the programs were told to ban, for the next run */
  memory: string
  warn: (message: string) => void
}

/** How many programs run at once; those for one address run one after the other. */
const MAX_RUNNING = 4
/** The pauses before a program that failed is run again. */
const PAUSES_MS = [200, 1000]
/** After so many changes in a row that failed for good, the rest waits for the next `reconcile`. */
const MAX_FAILURES = 4

/**
 * Any program, told of each ban and unban: the record is a line of JSON on its stdin, exit code 0 means done. It is
 * called without a shell. A failure is reported, and tried again by `reconcile`; it stops nobody else's ban. After a
 * restart a program is told again of every ban in force, so a second ban of an address must do no harm.
 */
export function execBackend(options: Options): Backend {
  const { onBan, warn } = options
  const memory = createMemory(options.memory)
  const failed = new Map<string, Change>()

  /** Carries out changes, those of an address in their order. @returns how many worked */
  const tell = async (changes: readonly Change[]): Promise<number> => {
    const ips = new Set(memory.told())
    for (const change of changes) if ('ban' in change) ips.add(change.ban.ip)
    if (ips.size > memory.told().size) await memory.remember(ips)
    const waiting = byIp(changes.filter(change => memory.told().has(ipOf(change)))).values()
    const gone = new Set<string>()
    let worked = 0
    let inARow = 0
    let putOff = 0

    const carryOut = async (change: Change) => {
      const ip = ipOf(change)
      failed.delete(ip)
      const failure = inARow < MAX_FAILURES ? await attempt(options, change) : 'put off'
      if (failure === undefined) {
        inARow = 0
        worked += 1
        if ('ban' in change) gone.delete(ip)
        else gone.add(ip)
        return
      }
      failed.set(ip, change)
      gone.delete(ip)
      if (failure === 'put off') putOff += 1
      else warn(failure)
      inARow += 1
    }
    const work = async () => {
      for (const ofOne of waiting) for (const change of ofOne) await carryOut(change)
    }
    await Promise.all(Array.from({ length: MAX_RUNNING }, work))
    if (putOff > 0) warn(`${putOff} more changes wait until the programs work again`)
    if (gone.size > 0) await memory.remember(new Set([...memory.told()].filter(ip => !gone.has(ip))))
    return worked
  }

  return {
    name: `program ${onBan[0]}`,
    hint: 'the program of --on-ban has no effect on these requests',
    refuses: () => undefined,

    async open(bans) {
      await memory.recall()
      failed.clear()
      const wanted = new Set(bans.map(({ ip }) => ip))
      const left = [...memory.told()].filter(ip => !wanted.has(ip))
      await tell([...left.map(unban => ({ unban })), ...bans.map(ban => ({ ban }))])
    },

    async apply(changes) {
      await tell(changes)
    },

    /** What the programs have brought about cannot be looked at; those that failed are run again. */
    async reconcile() {
      const worked = await tell([...failed.values()])
      return worked > 0 ? `changes carried out that had failed before: ${worked}` : undefined
    },

    async flush() {
      await memory.recall()
      await tell([...memory.told()].map(unban => ({ unban })))
      if (memory.told().size === 0) await memory.remove()
    },
  }
}

/** Whom the programs were told to ban, by this run and by those before it. */
function createMemory(path: string) {
  let told: ReadonlySet<string> = new Set()
  return {
    told: () => told,
    async remember(ips: ReadonlySet<string>): Promise<void> {
      // on the disk before it is so: who is banned and forgotten would stay banned for ever
      await replaceFile(path, [...ips].map(ip => `${ip}\n`).join(''))
      told = ips
    },
    /** Adds what an earlier run has told them. */
    async recall(): Promise<void> {
      const before = await readOwn(path).catch(() => '')
      told = new Set([...told, ...before.split('\n').filter(Boolean)])
    },
    remove: () => rm(path, { force: true }),
  }
}

/** Runs the program of a change, again after a while if it failed. @returns what went wrong every time */
async function attempt({ onBan, onUnban, timeoutMs }: Options, change: Change): Promise<string | undefined> {
  const unban = (ip: string): UnbanRecord => ({ type: 'unban', ip })
  const [option, argv, record] =
    'ban' in change
      ? (['--on-ban', onBan, change.ban.record] as const)
      : (['--on-unban', onUnban, unban(change.unban)] as const)
  const words = argv.map(word => word.replaceAll('{ip}', record.ip))
  let failure = await run(words, encodeLine(record), timeoutMs)
  for (const wait of PAUSES_MS) {
    if (failure === undefined) return undefined
    await pause(wait)
    failure = await run(words, encodeLine(record), timeoutMs)
  }
  return failure && `${option} for ${record.ip}: ${failure}, ${PAUSES_MS.length + 1} times`
}

function ipOf(change: Change): string {
  return 'ban' in change ? change.ban.ip : change.unban
}

function byIp(changes: readonly Change[]): Map<string, Change[]> {
  const groups = new Map<string, Change[]>()
  for (const change of changes) {
    const group = groups.get(ipOf(change))
    if (group) group.push(change)
    else groups.set(ipOf(change), [change])
  }
  return groups
}

/**
 * Runs a program in a process group of its own, so that the time limit ends its children too, and Ctrl-C does not.
 * Its stderr is ours.
 * @returns what went wrong
 */
async function run(argv: readonly string[], input: string, timeoutMs: number): Promise<string | undefined> {
  const { execa } = await import('execa')
  const [program = '', ...args] = argv
  const child = execa(program, args, {
    input,
    stdout: 'ignore',
    stderr: 'inherit',
    detached: true,
    cleanup: false,
    reject: false,
  })
  let late = false
  const limit = setTimeout(() => {
    late = true
    try {
      if (child.pid !== undefined) kill(-child.pid, 'SIGKILL')
    } catch {
      // it ended in this very moment
    }
  }, timeoutMs)
  const result = await child
  clearTimeout(limit)
  if (!result.failed) return undefined
  if (late) return `${program} did not end within ${timeoutMs / 1000} s`
  if (result.code === 'ENOENT') return `${program} is not installed`
  if (result.exitCode !== undefined) return `${program} ended with exit code ${result.exitCode}`
  return `${program}: ${result.shortMessage}`
}
