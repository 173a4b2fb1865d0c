import type { Duplex, Transform } from 'node:stream'
import { transform } from 'through2'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import { canonical } from '../net/address.js'
import { type AddressKey, addressKey } from '../net/address-key.js'
import type { OnBadLine } from '../wire/bad-line.js'
import { decode, decodeLine } from '../wire/jsonl.js'
import { linesOf, wholeLines } from '../wire/lines.js'
import { type AnyRecord, RECORD_TYPES } from '../wire/record.js'
import type { FailureLine } from '../xff-window/failure-line.js'
import { compileFastPath } from '../xff-window/fast-path.js'
import {
  createDigest,
  type Digest,
  type Digester,
  type DigestOptions,
  type Failure,
  type Totals,
} from './digest.js'
import type { NewestAnswer } from './newest-answer.js'
import { pathOf } from './truncate.js'

export interface Options extends DigestOptions {
  onBadLine: OnBadLine
  warn: (message: string) => void
  /** whether every line goes through the full parser, for a comparison */
  thorough?: boolean
}

const READ = ['request', 'tally', 'ban', 'held', 'unban', 'hit', 'allow', 'disallow', 'problem'] as const

/** Bytes of records of any stage in; when the input ends, out comes what `last` makes of them. */
export function xffReport(
  options: Options,
  last: (digest: () => Digest) => string | Promise<string>,
): { stages: Duplex[]; totals: Totals; digest: () => Digest } {
  const digester = createDigest(options)
  const readLine = createLineReader(options, digester)
  const readBlock =
    (options.thorough ? null : createFastReader(options, digester, readLine)) ?? createBlockReader(readLine)
  const stage = transform(
    (block: OwnedBuffer, _encoding, done) => {
      readBlock(block)
      release(block)
      done()
    },
    function (this: Transform, done: (error?: Error) => void) {
      digester.end()
      Promise.resolve(last(digester.digest)).then(text => {
        if (text !== '') this.push(Buffer.from(text))
        done()
      }, done)
    },
  )
  return {
    stages: [wholeLines({ markInvalid: true }), stage],
    totals: digester.totals,
    digest: digester.digest,
  }
}

/** Bytes of records of any stage in; out comes a line of text for each. */
export function explainRecords(explain: (record: AnyRecord) => string, onBadLine: OnBadLine): Duplex[] {
  const stage = transform({ writableObjectMode: true }, (record: AnyRecord, _encoding, done) =>
    done(null, Buffer.from(`${explain(record)}\n`)),
  )
  return [...decode(RECORD_TYPES, onBadLine), stage]
}

/** Reads a line of any shape. */
type ReadLine = (text: string, line: number) => void

function createLineReader({ onBadLine }: Options, { add }: Digester): ReadLine {
  return (text, line) => {
    const record = decodeLine(text, line, READ, onBadLine)
    if (record) add(record)
  }
}

/** Reads a block of whole lines. */
type ReadBlock = (block: Buffer) => void

function createBlockReader(readLine: ReadLine): ReadBlock {
  let line = 0
  return block => {
    for (const text of linesOf(block)) {
      line += 1
      readLine(text, line)
    }
  }
}

/** A failure that is each line in turn: one of its own for each line would be a lot of garbage. */
function createFailureOf(): (key: AddressKey | null, at: number, line: FailureLine) => Failure {
  let current: FailureLine
  const keepAnswer = (newest: NewestAnswer) => newest.setLine(current)
  const failure: Failure = { key: null, at: 0, status: 0, path: '', keepAnswer }
  return (key, at, line) => {
    current = line
    failure.key = key
    failure.at = at
    failure.status = line.status()
    failure.path = pathOf(line.bareUri() ?? line.uri())
    return failure
  }
}

/** Reads what uwsgi-parse writes as xff-window does. @returns null where the machine cannot run it */
function createFastReader(
  { failing, warn }: Options,
  { addFailure, addRequests }: Digester,
  readLine: ReadLine,
): ReadBlock | null {
  const failureOf = createFailureOf()
  let linesBefore = 0
  const fastPath = compileFastPath({
    failing,
    keyOf: ip => canonical(ip) ?? ip,
    warn,
    parseFully: (text, line) => readLine(text, linesBefore + line),
    countFailure: (_, ip, at, line) => addFailure(failureOf(addressKey(ip), at, line)),
    countFailureOf: (address, at, line) => addFailure(failureOf(address, at, line)),
    countUnattributed: (at, line) => addFailure(failureOf(null, at, line)),
  })
  if (!fastPath) return null
  return block => {
    const { lines, requests, oldest, newest } = fastPath(block)
    linesBefore += lines
    addRequests(requests, oldest, newest)
  }
}
