import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Nats, pipeline } from '../nats.js'

/** How long the others of a pipeline go on when one of them is gone, at the most, in milliseconds. */
const AFTERMATH_MS = 400

/** A pipeline that is started again when one of it was killed, as a service manager does. */
export interface Service {
  name: string
  /** Kills one process of it, and starts all of it again. @param chance random numbers */
  disturb: (chance: () => number) => Promise<void>
  stop: () => Promise<void>
  /** what it has written, of each start */
  said: () => { stdout: string; stderr: string }[]
}

export function startService(t: Pick<Test, 'teardown'>, nats: Nats, name: string, commands: string): Service {
  const starts = [pipeline(t, nats, commands)]
  const current = () => starts.at(-1) as (typeof starts)[number]
  return {
    name,
    async disturb(chance) {
      const { shell, end } = current()
      const pids = childrenOf(shell.pid ?? 0)
      const victim = pids[Math.floor(chance() * pids.length)]
      if (victim !== undefined) process.kill(victim, 'SIGKILL')
      await pause(chance() * AFTERMATH_MS)
      await end('SIGTERM')
      starts.push(pipeline(t, nats, commands))
    },
    stop: () => current().end('SIGTERM'),
    said: () => starts.map(({ said }) => said),
  }
}

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}
