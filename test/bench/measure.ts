import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
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

export interface Run extends Figures {
  /** by program or script, the peak memory of the largest of them, in MB */
  peaks: Map<string, number>
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
export async function runOnce(line: string): Promise<Run> {
  const began = performance.now()
  const child = spawn('bash', ['-c', `set -o pipefail; ${line}`], {
    env: { ...process.env, ...withCommands({ TZ: 'UTC', LC_ALL: 'C' }) },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  const peaks = new Map<string, number>()
  const look = setInterval(() => lookAt(child.pid as number, peaks), 25)
  await once(child, 'close')
  clearInterval(look)
  return { seconds: (performance.now() - began) / 1000, megabytes: Math.max(0, ...peaks.values()), peaks }
}

/** Notes the peak memory of a process and of those below it. */
function lookAt(pid: number, peaks: Map<string, number>): void {
  try {
    const [program = '', script = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const name = basename(basename(program) === 'node' ? script : program)
    const own = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
    peaks.set(name, Math.max(peaks.get(name) ?? 0, Number(own) / 1024))
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    for (const child of children) lookAt(Number(child), peaks)
  } catch {
    // it is gone
  }
}
