import type { Transform } from 'node:stream'
import { transform } from 'through2'
import type { StreamRecord } from '../wire/record.js'
import { createDigest, type Digest, type Options, type Totals } from './digest.js'

/** Records of any stage in; when they end, what `render` makes of them. */
export function xffReport(
  options: Options,
  render: (digest: Digest) => string,
): { stage: Transform; totals: Totals } {
  const { take, totals, digest } = createDigest(options)
  const stage = transform(
    { writableObjectMode: true },
    (record: StreamRecord, _encoding, done) => {
      take(record)
      done()
    },
    function (this: Transform, done: () => void) {
      this.push(Buffer.from(render(digest())))
      done()
    },
  )
  return { stage, totals }
}
