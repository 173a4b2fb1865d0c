import type { Transform } from 'node:stream'
import { transform } from 'through2'
import type { StreamRecord } from '../wire/record.js'

/** What is read: all that flows from command to command. */
export const STREAM_TYPES = [
  'request',
  'tally',
  'ban',
  'held',
  'hit',
  'unban',
  'allow',
  'disallow',
  'problem',
] as const

/** Records in; when they end, out comes a text. */
export function xffTop(add: (record: StreamRecord) => void, text: () => Promise<string>): Transform {
  return transform(
    { writableObjectMode: true },
    (record: StreamRecord, _encoding, done) => {
      add(record)
      done()
    },
    function (this: Transform, done: (error?: Error) => void) {
      text().then(last => {
        if (last !== '') this.push(Buffer.from(last))
        done()
      }, done)
    },
  )
}
