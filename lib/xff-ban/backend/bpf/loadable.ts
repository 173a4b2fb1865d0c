import { existsSync } from 'node:fs'
import { release } from 'node:os'
import { isSystemError, messageOf } from '../../../exit.js'
import { BackendError } from '../backend.js'
import { runProgram } from '../run-program.js'

/** The kernel program cannot be had here: another way of banning may do. */
export class CannotLoad extends BackendError {}

/** bpf_loop came with it. */
const OLDEST_KERNEL = [5, 17] as const
/** How much of the kernel's message is shown, in characters. */
const MAX_SHOWN = 300

/** What the backend runs, and how each program is asked whether it is there. */
const TOOLS: Readonly<Record<string, string>> = { bpftool: 'version', tc: '-V', ip: '-V' }

/**
 * @param object the built kernel program
 * @throws CannotLoad that tells all that is missing
 */
export async function checkLoadable(object: string): Promise<void> {
  const missing: string[] = []
  if (!existsSync(object)) missing.push(`${object} is missing (make dist puts it there)`)
  const isThere = await Promise.all(
    Object.entries(TOOLS).map(tool =>
      runProgram(tool).then(
        () => true,
        () => false,
      ),
    ),
  )
  missing.push(...Object.keys(TOOLS).flatMap((tool, i) => (isThere[i] ? [] : `${tool} is not installed`)))
  const kernel = release()
  if (isOlder(kernel))
    missing.push(`the kernel is ${kernel} and has to be ${OLDEST_KERNEL.join('.')} or newer`)
  if (missing.length > 0) throw new CannotLoad(missing.join(', '))
}

function isOlder(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_KERNEL
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor)
}

/**
 * Does what only a kernel that is able and willing lets us do.
 * @throws CannotLoad with those of its many words that say why not
 */
export async function asKernelAllows<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof BackendError) && !isSystemError(error)) throw error
    const lines = messageOf(error).split('\n')
    const telling = lines.filter(line =>
      /unknown|not permitted|not supported|Error:|invalid|denied/i.test(line),
    )
    const reason = (telling.length > 0 ? telling : lines).slice(0, 3).join('; ').slice(0, MAX_SHOWN)
    throw new CannotLoad(`the kernel does not take the program: ${reason}`, { cause: error })
  }
}
