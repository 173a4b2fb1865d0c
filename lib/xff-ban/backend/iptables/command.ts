import { BackendError } from '../../backend.js'

/** How long a program may take, in milliseconds; iptables waits for the lock of others meanwhile. */
const PATIENCE = 30_000

/**
 * Runs a program without a shell.
 * @returns what it writes
 * @throws BackendError with what it complains of
 */
export async function command(program: string, args: readonly string[], input = ''): Promise<string> {
  const { execa } = await import('execa')
  const result = await execa(program, args, { input, reject: false, timeout: PATIENCE })
  if (!result.failed) return result.stdout
  const reason =
    result.code === 'ENOENT' ? 'not installed' : (result.stderr || result.shortMessage || '').trim()
  throw new BackendError(`${program}: ${reason}`)
}
