import { type ChildProcess, spawn } from 'node:child_process'
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

/**
 * Measures each in turn, all of them again and again, so that a slow minute of the machine is everybody's. Memory is
 * measured in a run of its own: to look at it takes a part of the second processor, which only a pipeline needs.
 */
export async function measure(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Map<string, Figures>> {
  const megabytes = new Map<string, number>()
  for (const { name, line } of contenders) {
    megabytes.set(name, Math.max(0, ...(await peaksOf(line)).values()))
  }
  const seconds = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const { name, line } of contenders) seconds.get(name)?.push(await secondsOf(line))
  }
  return new Map(
    [...seconds].map(([name, of]) => [
      name,
      { seconds: quantile(of, 0.5), megabytes: megabytes.get(name) as number },
    ]),
  )
}

/** How long a line of shell takes, in wall seconds; its output goes nowhere. */
export async function secondsOf(line: string): Promise<number> {
  const began = performance.now()
  await once(start(line), 'close')
  return (performance.now() - began) / 1000
}

/** By program or script, the peak memory of the largest of those that a line of shell runs, in MB. */
export async function peaksOf(line: string): Promise<Map<string, number>> {
  const child = start(line)
  const peaks = new Map<string, number>()
  const look = setInterval(() => lookAt(child.pid as number, peaks), 25)
  await once(child, 'close')
  clearInterval(look)
  return peaks
}

function start(line: string): ChildProcess {
  return spawn('bash', ['-c', `set -o pipefail; ${line}`], {
    env: { ...process.env, ...withCommands({ TZ: 'UTC', LC_ALL: 'C' }) },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
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
