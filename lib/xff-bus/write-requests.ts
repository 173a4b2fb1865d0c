import type { OnBadLine } from '../wire/bad-line.js'
import { parseLine } from '../wire/jsonl.js'
import { createLineTimes } from './line-time.js'
import { byteLines, ended } from './lines.js'
import { batchLength, createOutbound, type Outbound } from './outbound.js'
import { createTrail, formatPlace, parsePlace, type Trail } from './place.js'
import { createSearch, type Search } from './search.js'
import { createSender, type SenderOptions } from './sender.js'
import type { Writer, WriterTally } from './writer.js'

/** Whoever has no more to read while the place is looked for will not find it: in milliseconds without a line. */
const PATIENCE_MS = 5_000
/** How uwsgi-parse begins a request. */
const HEAD = Buffer.from('{"type":"request",')

export interface RequestWriterOptions extends SenderOptions {
  gatherMs: number
  onBadLine: OnBadLine
  signOfLifeMs?: number
}

interface Item {
  line: Buffer
  /** passed over, but part of the log */
  isSent: boolean
}

/** So often a writer that has nothing to write says that it is there, in milliseconds. */
const SIGN_OF_LIFE_MS = 60_000

const SIGN_OF_LIFE: Item = { line: Buffer.alloc(0), isSent: false }

/** Appends the requests of one log to the stream, each exactly once, however often it is started on the same log. */
export function createRequestWriter(options: RequestWriterOptions): Writer {
  const { from, warn, onBadLine, gatherMs, now } = options
  const sender = createSender(options)
  const tally: WriterTally = Object.assign(sender.tally, { written: 0, known: 0 })
  const timeOf = createLineTimes()
  const sent = createSent(timeOf)
  const outbound: Outbound<Item> = createOutbound({
    gatherMs,
    now,
    sizeOf: ({ line, isSent }) => (isSent ? 0 : line.length),
    async store(waiting) {
      const count = batchLength(sizesOf(waiting))
      const items = waiting.slice(0, count)
      for (const { line } of items) if (line.length > 0) sent.add(line)
      const lines = items.filter(({ isSent }) => !isSent).map(({ line }) => line)
      if (lines.length > 0) await sender.send(Buffer.concat(lines), sent.place())
      tally.written += lines.filter(line => line.length > 0).length
      return count
    },
  })
  /** A batch without lines, where there was none for a while. */
  let batchesBefore = -1
  const signOfLife = setInterval(() => {
    const { batches } = tally
    if (!search && outbound.waiting() === 0 && batches === batchesBefore) outbound.put(SIGN_OF_LIFE)
    batchesBefore = batches
  }, options.signOfLifeMs ?? SIGN_OF_LIFE_MS).unref()
  let search: Search | undefined
  let patience: NodeJS.Timeout | undefined
  let lineNumber = 0

  const endSearch = () => {
    clearTimeout(patience)
    if (!search) return
    const { isFound, before, after } = search.end()
    search = undefined
    tally.known += before.length + after.filter(({ isSent }) => isSent).length
    if (!isFound && after.length > 0) {
      const left = after.filter(({ isSent }) => !isSent).length
      warn(
        `the place where ${JSON.stringify(from)} was is not in this input: goes on by time, with ${left} of the first ${after.length} requests`,
      )
    }
    for (const line of before) sent.add(line)
    for (const item of after) outbound.put(item)
  }
  const take = (bytes: Buffer) => {
    lineNumber += 1
    if (!isRequest(bytes, lineNumber, onBadLine)) return
    const line = ended(bytes)
    if (!search) return outbound.put({ line, isSent: false })
    if (search.see(line, timeOf(line))) endSearch()
  }
  return {
    tally,
    waiting: outbound.waiting,
    current: outbound.current,
    failing: outbound.failing,
    async open() {
      const place = parsePlace((await sender.claim()) ?? '')
      if (!place || place.digests.length === 0) return
      sent.startAt(place.newest)
      search = createSearch(place)
    },
    async write(block) {
      // a copy: it is held for longer than the block
      for (const line of byteLines(Buffer.from(block))) take(line)
      clearTimeout(patience)
      if (search) patience = setTimeout(endSearch, PATIENCE_MS)
      await outbound.room()
    },
    async end() {
      clearInterval(signOfLife)
      endSearch()
      await outbound.end()
    },
  }
}

function* sizesOf(items: readonly Item[]): Generator<number> {
  for (const { line, isSent } of items) yield isSent ? 0 : line.length
}

/** What has been sent so far, or was there already. */
function createSent(timeOf: (line: Buffer) => number) {
  const trail: Trail = createTrail()
  let newest = 0
  return {
    startAt(time: number) {
      newest = time
    },
    add(line: Buffer) {
      trail.add(line)
      const time = timeOf(line)
      if (time > newest) newest = time
    },
    place: () => formatPlace({ newest, digests: trail.digests() }),
  }
}

/** Tallies depend on where the reading began, and are no part of it. */
function isRequest(line: Buffer, number: number, onBadLine: OnBadLine): boolean {
  if (line.length > HEAD.length && HEAD.compare(line, 0, HEAD.length) === 0) return true
  const text = line.toString().trimEnd()
  if (text === '') return false
  const record = parseLine(text, ['request', 'tally'])
  if (typeof record !== 'string') return record.type === 'request'
  onBadLine({ line: number, kind: record, text })
  return false
}
