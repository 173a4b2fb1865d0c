import { BackendError } from './backend.js'

/** How long a program may take. */
const TIMEOUT_MS = 30_000

/**
 * Runs a program to its end, without a shell.
 * @param input what it reads on stdin
 * @returns what it wrote on stdout
 * @throws BackendError with what it wrote on stderr
 */
export async function runProgram(argv: readonly string[], input = ''): Promise<string> {
  const { execa } = await import('execa')
  const [program = '', ...args] = argv
  const result = await execa(program, args, { input, reject: false, timeout: TIMEOUT_MS })
  if (!result.failed) return result.stdout
  const reason =
    result.code === 'ENOENT'
      ? 'not installed'
      : result.timedOut
        ? `did not end within ${TIMEOUT_MS / 1000} s`
        : result.stderr || result.shortMessage || 'failed'
  throw new BackendError(`${program}: ${reason.trim()}`)
}
