import type { Transform } from 'node:stream'
import { transform } from 'through2'
import type { AnyRecord } from '../record.js'
import { createDigest, type Options, type Totals } from './digest.js'
import { page } from './page.js'

/** Records of any stage in; when they end, one page out. */
export function xffReport(options: Options & { title: string }): { stage: Transform; totals: Totals } {
  const { take, totals, digest } = createDigest(options)
  const stage = transform(
    { writableObjectMode: true },
    (record: AnyRecord, _encoding, done) => {
      take(record)
      done()
    },
    function (this: Transform, done: () => void) {
      this.push(Buffer.from(page(options.title, digest())))
      done()
    },
  )
  return { stage, totals }
}
