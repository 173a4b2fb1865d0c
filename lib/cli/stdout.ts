import { Writable } from 'node:stream'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import { watchReader } from './stdout-reader.js'

/**
 * stdout, which releases the buffers that it has written, and is never shut down, as a shell may share it. It fails with
 * EPIPE when its reader goes away, also while nothing is written.
 */
export function openOutput(): Writable {
  const output = new Writable({
    write(block: OwnedBuffer, _encoding, done) {
      process.stdout.write(block, error => {
        release(block)
        done(error)
      })
    },
  })
  process.stdout.on('error', error => output.destroy(error))
  const stop = watchReader(() =>
    output.destroy(Object.assign(new Error('the reader of stdout went away'), { code: 'EPIPE' })),
  )
  output.once('close', stop)
  return output
}
