import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { waitFor } from '../../support/wait-for.js'
import type { Program } from './program.js'

/** A shell pipeline that runs in a namespace. */
export interface Pipeline extends Program {
  /** The lines it has written so far, as JSON. */
  records: () => Record<string, unknown>[]
  /** The pids of the stages that run, by their names. */
  stages: () => ReadonlyMap<string, number>
  /** Kills the named stages with SIGKILL, by pid, and returns the pids when all are dead. */
  kill: (stages: readonly string[]) => Promise<number[]>
}

/** @param shell a program that runs a pipeline: its children are the stages */
export function pipelineOf(shell: Program): Pipeline {
  return {
    ...shell,
    records: () =>
      shell
        .written()
        .stdout.split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line)),

    stages: () => stagesOf(shell.pid),

    async kill(stages) {
      const running = stagesOf(shell.pid)
      const pids = stages.map(stage => {
        const pid = running.get(stage)
        if (pid === undefined) throw new Error(`${stage} does not run; ${[...running.keys()]} do`)
        return pid
      })
      for (const pid of pids) process.kill(pid, 'SIGKILL')
      await waitFor('the death of all stages', () => !pids.some(isAlive))
      return pids
    },
  }
}

/** The pids of a shell's children by what they run. */
function stagesOf(shell: number): Map<string, number> {
  const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ').filter(Boolean)
  return new Map(
    children.map(pid => {
      const [program = '', script = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return [basename(basename(program) === 'node' ? script : program), Number(pid)]
    }),
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
