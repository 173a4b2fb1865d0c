import type { Duplex } from 'node:stream'
import { transform } from 'through2'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import { wholeLines } from '../wire/lines.js'
import type { Writer } from './writer.js'

/** How long what waits may take to be stored when the command is asked to end, in milliseconds. */
const LINGER_MS = 5_000

/**
 * Bytes in, nothing out: it ends when all is stored. A broker that is away has the input wait, for as long as it takes.
 * @param gone fails when the broker does not want us any more; else never ends
 * @param stop gives up what is under way: then the signal of the writer says so
 */
export function writeStage(
  writer: Pick<Writer, 'write' | 'end' | 'failing'>,
  gone: Promise<never>,
  stop: AbortController,
): { stages: Duplex[]; drain: () => void } {
  const settle = (work: Promise<void>, done: (error?: Error | null) => void) => {
    // what is not stored will come again, as the log is read again
    work.then(
      () => done(),
      error => done(stop.signal.aborted ? null : error),
    )
  }
  const stage = transform(
    (block: OwnedBuffer, _encoding, done) => {
      const work = writer.write(block)
      release(block)
      settle(work, done)
    },
    (done: (error?: Error | null) => void) => settle(writer.end(), done),
  )
  // also while there is no input
  Promise.race([writer.failing, gone]).catch(error => {
    if (!stop.signal.aborted) stage.destroy(error)
  })
  return {
    stages: [wholeLines(), stage],
    drain() {
      setTimeout(() => stop.abort(), LINGER_MS).unref()
    },
  }
}
