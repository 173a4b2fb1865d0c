import type { Transform } from 'node:stream'
import { transform } from 'through2'
import type { StreamRecord } from '../wire/record.js'
import { createDigest, type Digest, type DigestOptions, type Totals } from './digest.js'

/** Reads records of any stage; when the input ends, writes what `render` makes of their digest. */
export function xffReport(
  options: DigestOptions,
  render: (digest: Digest) => string,
): { stage: Transform; totals: Totals } {
  const { add, totals, digest } = createDigest(options)
  const stage = transform(
    { writableObjectMode: true },
    (record: StreamRecord, _encoding, done) => {
      add(record)
      done()
    },
    function (this: Transform, done: () => void) {
      this.push(Buffer.from(render(digest())))
      done()
    },
  )
  return { stage, totals }
}
