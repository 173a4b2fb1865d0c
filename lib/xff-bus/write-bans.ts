import { setTimeout as sleep } from 'node:timers/promises'
import type { OnBadLine } from '../wire/bad-line.js'
import { linesOf } from '../wire/lines.js'
import { type Decided, readDecision } from './decision.js'
import { formatBatchNumber, HEADER } from './headers.js'
import { batchLength, createOutbound } from './outbound.js'
import { pack } from './pack.js'
import type { Writer, WriterTally } from './writer.js'
import { createWritten, ROUND_MS, type Written, type WrittenOptions } from './written.js'

/** How many of our own last ones are kept, should the broker lose them. */
const DECIDED = 2_000
/** How long somebody has to say that the newest batch is an older one until that is believed: in rounds of `ROUND_MS`. */
const ROUNDS = 15

export interface BanWriterOptions extends WrittenOptions {
  gatherMs: number
  onBadLine: OnBadLine
}

/** Our own decisions. */
interface Own {
  /** the last ones, written by whomever */
  decided: Decided[]
  /** what the broker has lost of them, and is to be written before anything else */
  lost: Decided[]
}

/** @returns how many of these are stored now */
type StoreSome = (fresh: readonly Decided[]) => Promise<number>

function createStore(
  { broker, from, warn }: BanWriterOptions,
  written: Written,
  own: Own,
  tally: WriterTally,
): StoreSome {
  let rounds = 0

  /** Others have written meanwhile, or the broker has lost something. */
  const catchUp = async (newest: number) => {
    if (newest > written.last() || Number.isNaN(newest)) {
      rounds = 0
      return written.readUpTo(newest)
    }
    // one that lags may say so; one that says so for seconds has lost the others
    tally.retries += 1
    await sleep(ROUND_MS)
    rounds += 1
    if (rounds < ROUNDS) return
    rounds = 0
    warn(`the broker has lost the decisions behind message ${newest}: ours are written again`)
    written.goBackTo(newest)
    own.lost = own.decided.filter(({ key }) => !written.has(key))
    tally.again += own.lost.length
  }

  return async fresh => {
    const count = batchLength(fresh.map(({ line }) => line.length))
    const some = fresh.slice(0, count)
    const { number, isFirst } = written.next()
    const header = formatBatchNumber({ number, run: 'ban', isFirst })
    const batch = pack(Buffer.concat(some.map(({ line }) => line)), [[HEADER.batch, header]])
    const appended = await broker.append('bans', from, batch, { ofAll: written.last() })
    if (!appended) {
      // it may be in: then it will be read
      tally.retries += 1
      await sleep(ROUND_MS / 2)
      await written.readUpTo(Number.NaN)
      return 0
    }
    if ('newest' in appended) {
      await catchUp(appended.newest)
      return 0
    }
    rounds = 0
    written.stored(appended.seq, number, some)
    tally.written += count
    tally.batches += 1
    return count
  }
}

/**
 * Appends decisions, each once, whoever else writes them as well: a batch is stored only behind all that its writer has
 * read, and what it has read it does not write again. So any number of counters may decide the same, and one that is
 * started again may decide it anew.
 */
export function createBanWriter(options: BanWriterOptions): Writer {
  const { from, gatherMs, now, onBadLine, signal } = options
  const tally: WriterTally = { written: 0, known: 0, batches: 0, retries: 0, again: 0 }
  const written = createWritten(options)
  const own: Own = { decided: [], lost: [] }
  const storeSome = createStore(options, written, own, tally)

  const outbound = createOutbound<Decided>({
    gatherMs,
    now,
    sizeOf: ({ line }) => line.length,
    async store(waiting) {
      signal.throwIfAborted()
      written.check()
      if (own.lost.length > 0) {
        const lost = own.lost.filter(({ key }) => !written.has(key))
        own.lost = lost.slice(lost.length > 0 ? await storeSome(lost) : 0)
        return 0
      }
      // what others have written meanwhile is left out, up to the first that is new
      const isKnown = ({ key }: Decided) => written.has(key)
      const first = waiting.findIndex(one => !isKnown(one))
      if (first !== 0) {
        const count = first < 0 ? waiting.length : first
        tally.known += count
        return count
      }
      const some = new Set<string>()
      const next = waiting.findIndex(one => isKnown(one) || some.size === some.add(one.key).size)
      return await storeSome(next < 0 ? waiting : waiting.slice(0, next))
    },
  })
  let lineNumber = 0
  return {
    tally,
    waiting: outbound.waiting,
    current: outbound.current,
    failing: outbound.failing,
    open: written.open,
    async write(block) {
      for (const text of linesOf(block)) {
        lineNumber += 1
        if (text.trim() === '') continue
        const read = readDecision(text.trimEnd(), from, now())
        if (typeof read === 'string') onBadLine({ line: lineNumber, kind: read, text })
        if (read === undefined || typeof read === 'string') continue
        own.decided.push(read)
        if (own.decided.length >= 2 * DECIDED) own.decided = own.decided.slice(-DECIDED)
        outbound.put(read)
      }
      await outbound.room()
    },
    async end() {
      await outbound.end()
      await written.close()
    },
  }
}
