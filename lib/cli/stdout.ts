import { Writable } from 'node:stream'
import { giveBack } from '../fast/buffer-pool.js'

/** stdout, which gives back the blocks that it has written; and which is never shut down, as a shell may share it. */
export function openOutput(): Writable {
  const output = new Writable({
    write(block: Buffer, _encoding, done) {
      process.stdout.write(block, error => {
        giveBack(block)
        done(error)
      })
    },
  })
  process.stdout.on('error', error => output.destroy(error))
  return output
}
