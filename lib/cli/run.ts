import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { codeOf, EXIT, ExitError, exitCodeOf, messageOf } from '../exit.js'
import { createDiagnostics, type Diagnostics } from './diagnostics.js'
import { createProgress } from './progress.js'
import { openInput } from './stdin.js'
import { openOutput } from './stdout.js'
import { tuneEngine } from './v8-flags.js'

/** What runs between stdin and stdout. */
export interface Command {
  /** in place of stdin */
  input?: Readable
  stages: NodeJS.ReadWriteStream[]
  /** what is still to be done when the last record is out, or cannot get out */
  finish?: () => Promise<void>
  /** the closing line on stderr; none when empty */
  summary: () => string
  /** until then a signal ends the process at once, since nothing is in hand */
  ready?: Promise<void>
  /** is called when a signal asks to finish, for a stage that keeps its input waiting */
  drain?: () => void
  /** Whether a reader of stdout that went away is a failure, as for a daemon that has not done its work without it. */
  needsReader?: boolean
}

/** How long what is still under way may keep a command from ending that has nothing more to do. */
const LINGER_MS = 1_000

/**
 * Runs a command: stdin through its stages to stdout, until the input ends or a signal asks to finish.
 * Sets the exit code; a reader that went away (`| head -1`) is success, unless the command needs it.
 */
export async function run(
  command: string,
  build: (diagnostics: Diagnostics) => Promise<Command | null>,
): Promise<void> {
  let drain = () => {}
  const source = openInput(() => drain())
  const progress = createProgress(command, source)
  const diagnostics = createDiagnostics(command, text => {
    progress.clear()
    process.stderr.write(text)
  })
  // what asks to read settings again ends nothing, also where there are none to read
  process.on('SIGHUP', () => {})
  process.stderr.on('error', () => {}) // a reader of stderr that went away is no reason to stop
  try {
    const built = await build(diagnostics)
    if (!built) return
    const { stages, finish, summary } = built
    const input = built.input ?? source.open(built.ready)
    drain = built.drain ?? drain
    await tuneEngine()
    progress.start()
    await pipeline([input, ...stages, openOutput()])
      .catch(error => onClosedReader(error, built.needsReader))
      .finally(progress.stop)
      .finally(finish)
    const closing = [summary(), diagnostics.badLineSummary()].filter(Boolean).join(', ')
    if (closing) diagnostics.warn(closing)
  } catch (error) {
    process.exitCode = exitCodeOf(error)
    diagnostics.warn(process.exitCode === EXIT.software ? stackOf(error) : messageOf(error))
  }
  // a command that was asked to end must not wait for more input, nor for output that nobody reads
  source.close()
  setTimeout(() => process.exit(), LINGER_MS).unref()
}

function onClosedReader(error: unknown, needsReader = false): void {
  if (codeOf(error) !== 'EPIPE') throw error
  if (needsReader) throw new ExitError('the reader of stdout went away', EXIT.io, { cause: error })
}

function stackOf(error: unknown): string {
  return `internal error (please report): ${error instanceof Error ? error.stack : String(error)}`
}
