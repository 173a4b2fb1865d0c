import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { withCommands } from '../support/commands.js'
import { quantile } from './table.js'

/** A line of shell that is measured. */
export interface Contender {
  name: string
  line: string
  /** how many lines of log it reads */
  lines: number
}

export interface Figures {
  /** wall seconds, the median */
  seconds: number
  /** peak memory of the largest of its processes, in MB */
  megabytes: number
}

/** Measures each in turn, all of them again and again, so that a slow minute of the machine is everybody's. */
export async function measure(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Map<string, Figures>> {
  const runs = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const { name, line } of contenders) (runs.get(name) as Figures[]).push(await runOnce(line))
  }
  return new Map(
    [...runs].map(([name, of]) => [
      name,
      {
        seconds: quantile(
          of.map(run => run.seconds),
          0.5,
        ),
        megabytes: Math.max(...of.map(run => run.megabytes)),
      },
    ]),
  )
}

/** Runs a line of shell; its output goes nowhere. */
export async function runOnce(line: string): Promise<Figures> {
  const began = performance.now()
  const child = spawn('bash', ['-c', `set -o pipefail; ${line}`], {
    env: { ...process.env, ...withCommands({ TZ: 'UTC', LC_ALL: 'C' }) },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  let megabytes = 0
  const look = setInterval(() => {
    megabytes = Math.max(megabytes, peakOf(child.pid as number))
  }, 25)
  await once(child, 'close')
  clearInterval(look)
  return { seconds: (performance.now() - began) / 1000, megabytes }
}

/** The peak memory of the largest process below this one, in MB. */
function peakOf(pid: number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    const own = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
    return Math.max(Number(own) / 1024, ...children.map(child => peakOf(Number(child))))
  } catch {
    return 0 // it is gone
  }
}
