import { createReadStream, fstatSync, type ReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createDiagnostics, type Diagnostics } from './diagnostics.js'
import { createProgress } from './progress.js'

/** Exit codes, as in sysexits.h. */
export const EXIT = { usage: 64, noInput: 66, unavailable: 69, software: 70, io: 74 } as const

/** A failure whose exit code is known where it is thrown. */
interface Coded extends Error {
  exitCode: number
}

/** What runs between stdin and stdout. */
export interface Command {
  /** what takes the place of stdin */
  input?: Readable
  stages: NodeJS.ReadWriteStream[]
  /** what is still to be done when the last record is out, or cannot get out */
  finish?: () => Promise<void>
  /** the closing line on stderr; none when empty */
  summary: () => string
  /** is told that a signal asks to finish, for a stage that keeps its input waiting */
  hurry?: () => void
}

/**
 * Runs a command: stdin through its stages to stdout, until the input ends or a signal asks to finish.
 * Sets the exit code; a reader that went away (`| head -1`) is success.
 */
export async function run(
  command: string,
  build: (diagnostics: Diagnostics) => Promise<Command | null>,
): Promise<void> {
  const source = openInput()
  // of a file the stream itself knows
  const progress = createProgress(command, () => (source as ReadStream).bytesRead)
  const diagnostics = createDiagnostics(command, text => {
    progress.clear()
    process.stderr.write(text)
  })
  process.stderr.on('error', () => {}) // a reader of stderr that went away is no reason to stop
  try {
    const built = await build(diagnostics)
    if (!built) return
    const { stages, summary, hurry, finish } = built
    const input = built.input ?? Readable.from(untilSignal(source, hurry), { objectMode: false })
    progress.start()
    // stdout may be shared with what the shell runs next: it is not ours to shut down
    await pipeline([input, ...stages, process.stdout], { end: false })
      .catch(ignoreClosedReader)
      .finally(() => {
        progress.stop()
        return finish?.()
      })
    const closing = [summary(), diagnostics.faults()].filter(Boolean).join(', ')
    if (closing) diagnostics.say(closing)
  } catch (error) {
    process.exitCode = exitCode(error)
    diagnostics.say(process.exitCode === EXIT.software ? stackOf(error) : messageOf(error))
  }
  // what was asked to end must not wait for more input
  source.destroy()
}

/** How much of a file is read at a time, in bytes: each read costs a turn of the event loop. */
const FILE_CHUNK = 256 * 1024

/** stdin; where it is a file, in large chunks. */
function openInput(): Readable {
  try {
    if (fstatSync(0).isFile())
      return createReadStream('', { fd: 0, autoClose: false, highWaterMark: FILE_CHUNK })
  } catch {
    // stdin is closed
  }
  return process.stdin
}

/** The input up to its end or to SIGTERM or SIGINT, so that what is in hand is finished. */
async function* untilSignal(input: Readable, hurry = () => {}): AsyncGenerator<Buffer> {
  let asked = false
  const stop = () => {
    asked = true
    input.destroy()
    hurry()
  }
  process.once('SIGTERM', stop).once('SIGINT', stop)
  try {
    yield* input as AsyncIterable<Buffer>
  } catch (error) {
    if (!asked) throw error
  }
}

function ignoreClosedReader(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
}

function exitCode(error: unknown): number {
  if (typeof (error as Coded).exitCode === 'number') return (error as Coded).exitCode
  return (error as NodeJS.ErrnoException).syscall === undefined ? EXIT.software : EXIT.io
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function stackOf(error: unknown): string {
  return `a bug of ours: ${error instanceof Error ? error.stack : String(error)}`
}
