import { existsSync, readdirSync, rmdirSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { geteuid } from 'node:process'
import { isSystemError } from '../../../exit.js'
import { runProgram } from '../run-program.js'

/** The file system of pins, and our folder in it. */
const BPFFS = '/sys/fs/bpf'
export const ROOT = join(BPFFS, 'xff-ban')
/** The type of the file system that holds pins (BPF_FS_MAGIC). */
const BPF_FS = 0xcafe4a11

/** systemd mounts it; small systems and containers may not. A service sees nothing but the folder that is made for it. */
export async function mountBpffs(): Promise<void> {
  const seen = existsSync(ROOT) ? ROOT : BPFFS
  if (statfsSync(seen).type !== BPF_FS) await runProgram(['mount', '-t', 'bpf', 'bpf', BPFFS])
}

/** The last network namespace takes the rest along, unless the folder is somebody else's, or mounted for a service. */
export function removeRoot(): void {
  if (list(ROOT).length > 0 || statSync(ROOT, { throwIfNoEntry: false })?.uid !== geteuid?.()) return
  try {
    rmdirSync(ROOT)
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
}

/** What is in a folder: nothing where there is none. */
export function list(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : []
}
