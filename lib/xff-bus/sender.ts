import { EXIT, ExitError } from '../exit.js'
import { createBackoff } from '../retry.js'
import type { Batch, Broker, Stored } from './broker.js'
import { batchNumber, formatBatchNumber, HEADER } from './headers.js'
import { pack } from './pack.js'
import type { SendingTally } from './writer.js'

/** How many batches that are confirmed are kept, should the broker lose them all the same. */
const CONFIRMED = 64
const RETRY = { firstMs: 50, longestMs: 1000 }

/** Appends the batches of one writer, each once and in order. */
export interface Sender {
  /**
   * Claims the name: whoever wrote under it before is fenced off, and what was read as its newest batch is that.
   * @returns the place that the newest batch told
   */
  claim: () => Promise<string | undefined>
  /** Stores lines behind those before. @throws ExitError 66 where another writes under this name */
  send: (lines: Buffer, place: string) => Promise<void>
  tally: SendingTally
}

export interface SenderOptions {
  broker: Broker
  from: string
  /** a random text that names this start */
  run: string
  now: () => number
  warn: (message: string) => void
  signal: AbortSignal
}

interface Numbered {
  number: number
  batch: Batch
}

/** What to do when a batch was not stored behind the one that was expected. */
export type Advice =
  | { is: 'stored'; seq: number }
  | { is: 'fenced' }
  | { is: 'behind'; seq: number; lostAfter: number }
  | { is: 'unknown' }

/**
 * What it means that another batch than the one expected is the newest. Whoever told its number may be a leader that is
 * none any more, and whoever showed it a replica that lags: so nothing is believed that the next append does not prove.
 * @param ours the batch that was not stored, this start of the writer, and the number of its claim
 * @param told the number of the newest, NaN where it was not told
 * @param newest what is shown as the newest
 */
export function advise(
  ours: { run: string; number: number; claim: number },
  told: number,
  newest: Stored | undefined,
): Advice {
  // the last one has gone by its age
  if (!newest)
    return told === 0 ? { is: 'behind', seq: 0, lostAfter: Number.POSITIVE_INFINITY } : { is: 'unknown' }
  if (newest.seq < told) return { is: 'unknown' }
  const { number, run } = batchNumber(newest) ?? { number: Number.POSITIVE_INFINITY, run: '' }
  if (run !== ours.run) {
    // of one before us only where the broker has lost all of ours
    if (number >= ours.claim) return { is: 'fenced' }
    return { is: 'behind', seq: newest.seq, lostAfter: number }
  }
  // in already, and the answer was lost; or those behind it are
  if (number >= ours.number) return { is: 'stored', seq: newest.seq }
  return { is: 'behind', seq: newest.seq, lostAfter: number }
}

/** What this start has written. */
interface Chain {
  /** the number of the newest batch in the log */
  behind: number
  /** the number of the claim */
  claimed: number
  confirmed: Numbered[]
}

/** Stores one batch behind the one before. */
type Store = (one: Numbered) => Promise<'stored' | 'fenced'>

function createStore(
  { broker, from, run, now, warn, signal }: SenderOptions,
  chain: Chain,
  tally: SendingTally,
): Store {
  const store: Store = async ({ number, batch }) => {
    const backoff = createBackoff(RETRY)
    for (;;) {
      signal.throwIfAborted()
      // at this very attempt
      const headers = new Map(batch.headers).set(HEADER.clock, String(now()))
      const appended = await broker.append(
        'requests',
        from,
        { ...batch, headers },
        { ofWriter: chain.behind },
      )
      if (appended && 'seq' in appended) {
        chain.behind = appended.seq
        return 'stored'
      }
      const told = appended?.newest ?? Number.NaN
      const advice: Advice = appended
        ? advise({ run, number, claim: chain.claimed }, told, await broker.newestOf('requests', from))
        : { is: 'unknown' }
      if (advice.is === 'fenced') return 'fenced'
      if (advice.is === 'stored') {
        chain.behind = advice.seq
        return 'stored'
      }
      tally.retries += 1
      if (advice.is === 'behind') {
        const hasMoved = advice.seq !== chain.behind
        chain.behind = advice.seq
        if ((await storeAgain(advice.lostAfter, number)) === 'fenced') return 'fenced'
        if (hasMoved) continue
      }
      await backoff.wait()
    }
  }

  /** Stores once more what the broker had confirmed between two numbers, and has lost. */
  const storeAgain = async (after: number, before: number): Promise<'stored' | 'fenced'> => {
    const lost = chain.confirmed.filter(({ number }) => number > after && number < before)
    if (lost.length === 0) return 'stored'
    warn(`the broker has lost batches that it had confirmed: ${lost.length} are written again`)
    tally.again += lost.length
    for (const one of lost) if ((await store(one)) === 'fenced') return 'fenced'
    return 'stored'
  }

  return store
}

export function createSender(options: SenderOptions): Sender {
  const { broker, from, run, signal } = options
  const tally: SendingTally = { batches: 0, retries: 0, again: 0 }
  const chain: Chain = { behind: 0, claimed: 0, confirmed: [] }
  const store = createStore(options, chain, tally)
  let next = 0
  let isFirst = false

  const numbered = (number: number, lines: Buffer, place: string): Numbered => {
    const own = formatBatchNumber({ number, run, isFirst })
    const headers: [string, string][] = [[HEADER.batch, own]]
    if (place !== '') headers.push([HEADER.place, place])
    return { number, batch: pack(lines, headers) }
  }

  return {
    tally,
    async claim() {
      for (;;) {
        const newest = await broker.newestOf('requests', from)
        const number = newest ? (batchNumber(newest)?.number ?? 0) : 0
        isFirst = number === 0
        chain.behind = newest?.seq ?? 0
        chain.claimed = isFirst ? 0 : number + 1
        const place = newest?.headers.get(HEADER.place) ?? ''
        if ((await store(numbered(chain.claimed, Buffer.alloc(0), place))) === 'fenced') continue
        next = isFirst ? await firstNumber() : chain.claimed + 1
        return place === '' ? undefined : place
      }
    },
    async send(lines, place) {
      const one = numbered(next, lines, place)
      if ((await store(one)) === 'fenced') {
        throw new ExitError(
          `another xff-bus writes as ${JSON.stringify(from)}: one log, one writer, one name (--from)`,
          EXIT.noInput,
        )
      }
      isFirst = false
      next += 1
      tally.batches += 1
      chain.confirmed.push(one)
      if (chain.confirmed.length >= 2 * CONFIRMED) chain.confirmed = chain.confirmed.slice(-CONFIRMED)
    },
  }

  /**
   * The first number under a name that is new, or was forgotten: the broker's clock when it got the claim, in milliseconds.
   * So it is behind all that were used before, also if this host's clock was set back.
   */
  async function firstNumber(): Promise<number> {
    const backoff = createBackoff(RETRY)
    for (;;) {
      signal.throwIfAborted()
      const claim = await broker.newestOf('requests', from)
      if (claim && claim.seq >= chain.behind && claim.at >= 0) return claim.at
      await backoff.wait()
    }
  }
}
