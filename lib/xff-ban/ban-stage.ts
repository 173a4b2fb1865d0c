import { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { EXIT, ExitError } from '../exit.js'
import { createEnforcement, type Enforcement } from './backend/enforcement.js'
import { watch } from './backend/watchdog.js'
import type { Batch, Reply } from './jail/batch.js'
import type { Decider, Order, Pending } from './jail/decide.js'
import { createLoop, DISK_PAUSE_MS, type Loop } from './loop.js'
import { type ReaderWatch, watchReader } from './reader-watch.js'
import type { Options } from './stage.js'
import { createTransactions, type Transactions } from './transaction.js'

/** How often the end tries to write to a disk that is full. */
const LAST_WRITES = 3
/** How long the end waits for a reader that does not read, and for a transaction whose result nobody will read. */
const LAST_READ_MS = 3_000
const LAST_TRANSACTION_MS = 2_000

type Orders = Pending['order'] | readonly Pending['order'][]

/** Between the streams and the loop: who has to wait for whom, and how it ends. */
export class BanStage extends Duplex {
  readonly loop: Loop
  readonly #options: Options
  readonly #decider: Decider
  readonly #enforcement: Enforcement
  readonly #transactions: Transactions
  readonly #reader: ReaderWatch
  #stopWatching = () => {}
  /** lets the input go on; undefined when it does not wait */
  #resumeInput: (() => void) | undefined
  /** no more input comes */
  #ending = false
  /** a signal has asked to end */
  #hurried = false
  #lastReadTimer: NodeJS.Timeout | undefined

  constructor(options: Options, decider: Decider) {
    super({ objectMode: true })
    const { jail, backend, now, waitForReader = false, health, warn } = options
    this.#options = options
    this.#decider = decider
    this.#enforcement = createEnforcement({ ...options, inForce: jail.inForce, onFailure: health?.backend })
    this.#transactions = createTransactions({
      ...{ ...options, decider, enforcement: this.#enforcement },
      emit: record => this.#emitRecord(record),
    })
    const resume = () => this.#resume()
    this.loop = createLoop({
      transactions: this.#transactions,
      maxQueued: backend.atOnce,
      untilNextChange() {
        const at = decider.nextChange()
        return now && at !== undefined ? at - now() : undefined
      },
      onProgress: resume,
      onError: error => this.destroy(error),
    })
    this.#reader = watchReader({ unread: () => this.readableLength, forever: waitForReader, resume, warn })
  }

  /** From now on the backend is checked. */
  watch(): void {
    const { backend, verifyMs } = this.#options
    if (!this.destroyed && !this.#ending) this.#stopWatching = watch(backend, verifyMs, this.loop.reconcile)
  }

  async ask(orders: readonly Order[]): Promise<Reply[]> {
    if (!this.#hasRoom()) {
      return orders.map(({ ip }) => ({ type: 'refused', ip, reason: 'too many orders are waiting' }))
    }
    const ask = (order: Order) => new Promise<Reply>(reply => this.loop.add([{ order, reply }]))
    return await Promise.all(orders.map(ask))
  }

  /** A signal asks to end. */
  drain(): void {
    this.#hurried = true
    this.#end()
    this.#limitLastRead()
  }

  /** @param orders one or several */
  override _write(orders: Orders, _encoding: BufferEncoding, done: () => void): void {
    const given = [orders].flat()
    // what changes nothing needs no transaction, where nothing before it is still to be decided
    const first = this.loop.isEmpty() ? given.findIndex(order => !this.#decider.decideRepeat(order)) : 0
    if (first >= 0) this.loop.add(given.slice(first).map(order => ({ order })))
    this.#resumeInput = done
    this.#resume()
  }

  override _read(): void {
    this.#resume()
  }

  override _final(done: (error?: Error) => void): void {
    this.#finish().then(() => {
      this.push(null)
      this.#limitLastRead()
      done()
    }, done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#shutDown().then(() => done(error), done)
  }

  #emitRecord(record: Batch['carriedOut'][number]): void {
    if (this.#reader.accepts()) this.push(record)
  }

  #hasRoom(): boolean {
    return this.#ending || (this.loop.hasRoom() && !this.#reader.isBehind())
  }

  /** Lets the input go on when there is room. */
  #resume(): void {
    if (!this.#resumeInput || !this.#hasRoom()) return
    const resume = this.#resumeInput
    this.#resumeInput = undefined
    resume()
  }

  /** From now on nothing waits for more. */
  #end(): void {
    this.#ending = true
    this.loop.drain()
    this.#enforcement.drain()
    this.#resume()
  }

  /** Carries out what is queued, and closes the journal. */
  async #finish(): Promise<void> {
    const { flush, jail, backend, journal } = this.#options
    this.#end()
    await this.loop.run()
    if (flush) {
      this.loop.add(jail.inForce().map(({ ip }) => ({ order: { type: 'unban', ip } })))
      await this.loop.run()
      await backend.flush()
    }
    for (let left = LAST_WRITES; this.#transactions.failure() && left > 0; left--) {
      await pause(DISK_PAUSE_MS)
      await this.loop.run()
    }
    await this.loop.stop()
    this.#stopTimers()
    await journal.close()
    const failure = this.#transactions.failure()
    if (failure) throw failure
  }

  /** A reader that does not read cannot keep us from ending when a signal asks for it. */
  #limitLastRead(): void {
    if (!this.#hurried || !this.writableEnded || this.readableLength === 0) return
    this.#lastReadTimer ??= setTimeout(() => {
      const unread = `${this.readableLength} records were not written there, the journal has them`
      this.destroy(new ExitError(`nobody reads stdout: ${unread}`, EXIT.io))
    }, LAST_READ_MS)
  }

  /** Nobody takes the output any more: a transaction under way is finished if it is quick. */
  async #shutDown(): Promise<void> {
    this.#stopTimers()
    this.#enforcement.drain(0)
    const timeout = new AbortController()
    const late = pause(LAST_TRANSACTION_MS, undefined, timeout).catch(() => {})
    await Promise.race([this.loop.stop(), late])
    timeout.abort()
    await this.#options.journal.close()
  }

  #stopTimers(): void {
    clearTimeout(this.#lastReadTimer)
    this.#reader.stop()
    this.#stopWatching()
  }
}
