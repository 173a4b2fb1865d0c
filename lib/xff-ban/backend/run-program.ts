import { BackendError } from './backend.js'

/** How long a program may take. */
const TIMEOUT_MS = 30_000

/**
 * Runs a program to its end, without a shell.
 * @param input what it reads on stdin
 * @param timeoutMs how long it may take
 * @returns what it wrote on stdout
 * @throws BackendError with what it wrote on stderr
 */
export async function runProgram(
  argv: readonly string[],
  input: string | Uint8Array = '',
  timeoutMs = TIMEOUT_MS,
): Promise<string> {
  const result = await run(argv, input, timeoutMs)
  if (!result.failed) return result.stdout
  throw new BackendError(`${argv[0]}: ${(result.stderr || result.shortMessage || 'failed').trim()}`)
}

/** @throws BackendError where it cannot be run, or does not end */
async function run(argv: readonly string[], input: string | Uint8Array, timeout = TIMEOUT_MS) {
  const { execa } = await import('execa')
  const [program = '', ...args] = argv
  const result = await execa(program, args, { input, reject: false, timeout })
  if (result.code === 'ENOENT') throw new BackendError(`${program}: not installed`)
  if (result.timedOut) throw new BackendError(`${program}: did not end within ${timeout / 1000} s`)
  return result
}

/**
 * Runs a program of iproute2 that carries out commands one after the other (`-force -batch -`).
 * @returns what it wrote on stdout, and the errors of the commands that failed, by their places
 * @throws BackendError where it cannot be run
 */
export async function runBatch(
  argv: readonly string[],
  commands: readonly string[],
): Promise<{ stdout: string; errors: Map<number, string> }> {
  const result = await run(argv, commands.map(command => `${command}\n`).join(''))
  const errors = new Map<number, string>()
  let message = ''
  for (const line of result.stderr.split('\n')) {
    const place = /^Command failed .*:(\d+)$/.exec(line)?.[1]
    if (place === undefined) {
      message += message === '' ? line : `; ${line}`
      continue
    }
    errors.set(Number(place) - 1, message || 'failed')
    message = ''
  }
  return { stdout: result.stdout, errors }
}
