import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** What comes out of these stages for an input that comes in these chunks: blocks of bytes, or records. */
export async function collect<T = Buffer>(
  stages: readonly NodeJS.ReadWriteStream[],
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<T[]> {
  const collected: T[] = []
  const end = new Writable({
    objectMode: true,
    write(item: T, _encoding, done) {
      collected.push(item)
      done()
    },
  })
  await pipeline([Readable.from(chunks, { objectMode: false }), ...stages, end])
  return collected
}
