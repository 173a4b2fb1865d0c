import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

/** Whether a process has a handler for a signal. */
export function catches(pid: number | undefined, signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP'): boolean {
  const [, caught = ''] = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return ((BigInt(`0x${caught}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n
}
