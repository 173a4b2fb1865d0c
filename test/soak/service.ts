import { execFileSync } from 'node:child_process'
import { mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { EXIT } from '../../lib/exit.js'
import { bundle } from '../support/commands.js'
import { createProcesses, newPipe, type Processes, positionOf } from './processes.js'
import { BAN_SECONDS, WINDOW } from './traffic.js'

/** How long a stage that ended stays away, in milliseconds; the units say 5 s. */
const RESTART_MS = 1_000
/** Exit codes that are a defect whatever happens: a wrong option, a journal in use or unreadable, an internal error. */
const NEVER: readonly (number | null)[] = [EXIT.usage, EXIT.noInput, EXIT.software]
const LOG_STAGES = ['tail', 'uwsgi-parse', 'xff-window'] as const
export const STAGES = [...LOG_STAGES, 'xff-ban', 'reader'] as const
export type Stage = (typeof STAGES)[number]

/** The pipeline as the units run it: who ends with whom, what begins again, and what is read again. */
export interface Service {
  name: string
  journal: string
  /** what was read from each xff-ban */
  told: () => string[]
  pids: () => Map<Stage, number>
  /** Ends a stage; returns when the whole pipeline runs again. */
  kill: (stage: Stage, signal: 'SIGKILL' | 'SIGTERM') => Promise<void>
  signalReader: (signal: 'SIGSTOP' | 'SIGCONT') => void
  /** how far tail has read, in bytes */
  position: () => number
  isWhole: () => boolean
  /** how often its stages have said something on stderr */
  said: (text: string) => number
  /** ends that nobody asked for, as text */
  surprises: string[]
  stop: () => Promise<void>
}

export interface Options {
  name: string
  log: string
  /** where it keeps its files, and the disk for its journal */
  dir: string
  disk: string
  /** how many lines are read again after a restart */
  replay: number
  /** the environment of xff-ban */
  env?: Record<string, string>
}

export function startService({ name, log, dir, disk, replay, env = {} }: Options): Service {
  const told = join(dir, 'told')
  mkdirSync(told, { recursive: true })
  const messages = join(dir, 'stderr')
  const journal = join(disk, 'journal.jsonl')
  const surprises: string[] = []
  /** from when a stage is killed until all run again: one takes the others with it */
  let isDisturbed = false
  let stopping = false

  const processes = createProcesses<Stage>(openSync(messages, 'a'), (stage, code, signal) => {
    const isWanted = isDisturbed || (stopping && (code === 0 || stage === 'tail'))
    if (!isWanted || NEVER.includes(code)) surprises.push(`${name}: ${stage} ended with ${code ?? signal}`)
    if (!stopping) void recover()
  })
  const { startBan, startLogStages } = createStarters(processes, { log, dir, journal, told, replay, env })
  const isWhole = () => STAGES.every(processes.runs)

  let recovering: Promise<void> | undefined
  /** What systemd does when a process has ended: BindsTo=, and Restart= after a pause. */
  const recover = () => {
    recovering ??= (async () => {
      do {
        await processes.end(LOG_STAGES)
        // without its reader xff-ban ends as soon as it has something to say
        if (!processes.runs('reader')) await processes.end(['xff-ban'])
        if (!processes.runs('xff-ban')) await processes.drain('reader')
        await pause(RESTART_MS)
        if (stopping) return
        if (!processes.runs('xff-ban')) startBan()
        startLogStages()
        await pause(RESTART_MS)
      } while (!isWhole() && !stopping)
    })().finally(() => {
      recovering = undefined
    })
    return recovering
  }

  startBan()
  startLogStages()
  return {
    name,
    journal,
    surprises,
    told: () => readdirSync(told).map(file => readFileSync(join(told, file), 'utf8')),
    pids: processes.pids,
    async kill(stage, signal) {
      isDisturbed = true
      await processes.end([stage], signal)
      await recover()
      isDisturbed = false
    },
    signalReader: signal => processes.signal('reader', signal),
    said: text => readFileSync(messages, 'utf8').split(text).length - 1,
    position: () => positionOf(processes.pids().get('tail') ?? 0, log),
    isWhole: () => isWhole() && recovering === undefined,
    async stop() {
      stopping = true
      await recovering
      await processes.end(LOG_STAGES)
      await processes.end(['xff-ban'])
      await processes.drain('reader')
    },
  }
}

interface Places extends Pick<Required<Options>, 'log' | 'dir' | 'replay' | 'env'> {
  journal: string
  /** a folder for what each xff-ban writes */
  told: string
}

/** What starts the stages, as xff-jail@.service and xff-jail-log@.service do. */
function createStarters(processes: Processes<Stage>, { log, dir, journal, told, replay, env }: Places) {
  const bans = join(dir, 'bans')
  execFileSync('mkfifo', [bans])
  // as xff-jail@.socket: held open, so that neither side ends with the other
  openSync(bans, 'r+')
  const pipe = () => newPipe(join(dir, 'link'))
  let runs = 0

  return {
    startBan() {
      const records = pipe()
      runs += 1
      const options = ['--dir', join(dir, 'jail'), '--state', journal, '--time', String(BAN_SECONDS)]
      const ends = { stdin: openSync(bans, 'r'), stdout: records.write }
      processes.start('xff-ban', [bundle('xff-ban'), ...options], ends, env)
      const file = openSync(join(told, String(runs)), 'a')
      processes.start('reader', ['cat'], { stdin: records.read, stdout: file })
    },
    startLogStages() {
      const [lines, requests] = [pipe(), pipe()]
      const { max, find, late } = WINDOW
      const window = ['--max', `${max}`, '--find', `${find}`, '--late', `${late}`]
      const intoBans = { stdin: requests.read, stdout: openSync(bans, 'w') }
      processes.start('xff-window', [bundle('xff-window'), ...window], intoBans)
      const between = { stdin: lines.read, stdout: requests.write }
      processes.start('uwsgi-parse', [bundle('uwsgi-parse'), '--socket', 'http'], between)
      const fromLog = { stdin: openSync('/dev/null', 'r'), stdout: lines.write }
      processes.start('tail', ['tail', '-q', '-n', String(replay), '-F', '--', log], fromLog)
    },
  }
}
