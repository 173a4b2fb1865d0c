import { Writable } from 'node:stream'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'

/** stdout, which releases the buffers that it has written, and is never shut down, as a shell may share it. */
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
  return output
}
