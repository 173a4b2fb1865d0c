import type { Transform } from 'node:stream'
import { transform } from 'through2'
import { type BanRecord, parseInstant, type UnbanRecord } from '../record.js'
import type { Backend, Change } from './backend.js'
import type { Jail } from './jail.js'
import type { Journal } from './journal.js'

export interface Options {
  jail: Jail
  backend: Backend
  journal: Journal
  /** milliseconds since 1970; undefined: the newest record's time is now */
  now: (() => number) | undefined
  /** whether the bans are taken down at the end */
  flush: boolean
  say: (message: string) => void
}

export interface Tally {
  bans: number
  unbans: number
  /** bans over before they came */
  past: number
  /** records of what is so already */
  repeats: number
  refused: number
}

type Input = BanRecord | UnbanRecord

/** How many records wait for the backend before the input has to. */
const QUEUE = 1000
/** The longest that setTimeout can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Bans and unbans in, those that were carried out out. Whatever has gathered while the backend was at work
 * makes its next transaction; the order is: enforce, journal, emit.
 */
export async function xffBan(options: Options): Promise<{ stage: Transform; tally: Tally }> {
  const { jail, backend, journal, say } = options
  const tally: Tally = { bans: 0, unbans: 0, past: 0, repeats: 0, refused: 0 }
  let queue: Input[] = []
  let working: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let newest = 0

  /** Decides on records, and on the bans that end by then. */
  const decide = (records: readonly Input[]) => {
    const changes: Change[] = []
    const carriedOut: Input[] = []
    const journaled: Input[] = []
    const unban = (record: UnbanRecord) => {
      changes.push({ unban: record.ip })
      carriedOut.push(record)
      journaled.push(record)
      tally.unbans += 1
    }
    const settle = (record: Input) => {
      const now = clock(record)
      for (const ended of jail.expire(now)) unban(ended)
      const unable = record.type === 'ban' ? backend.refuses(record.ip) : undefined
      if (unable !== undefined) return refuse(record, unable)
      const decision = record.type === 'ban' ? jail.ban(record, now) : jail.unban(record, now)
      if (decision.does === 'ban') {
        changes.push({ ban: decision.ban })
        carriedOut.push(decision.ban.record)
        journaled.push(decision.ban.record)
        tally.bans += 1
      } else if (decision.does === 'unban') {
        unban(decision.record)
      } else if (decision.does === 'past') {
        journaled.push(...decision.records)
        tally.past += 1
      } else if (decision.does === 'refuse') {
        refuse(record, decision.because)
      } else {
        tally.repeats += 1
      }
    }
    for (const record of records) settle(record)
    if (options.now) for (const ended of jail.expire(options.now())) unban(ended)
    return { changes, carriedOut, journaled }
  }

  const clock = (record: Input): number => {
    if (options.now) return options.now()
    newest = Math.max(newest, record.time === undefined ? newest : parseInstant(record.time))
    return newest
  }

  const refuse = ({ type, ip }: Input, because: string) => {
    tally.refused += 1
    say(`refused to ${type} ${JSON.stringify(ip)}: ${because}`)
  }

  const carryOut = async (stage: Transform, records: readonly Input[]) => {
    const { changes, carriedOut, journaled } = decide(records)
    if (changes.length > 0) await backend.apply(changes)
    await journal.append(journaled)
    for (const record of carriedOut) stage.push(record)
  }

  /** Works off the queue and what is due, one transaction at a time. */
  const work = async (stage: Transform) => {
    try {
      do {
        const records = queue
        queue = []
        await carryOut(stage, records)
      } while (queue.length > 0)
      waitForNextEnd(stage)
    } finally {
      // in the same breath as the last look at the queue, so that no record is left lying
      working = undefined
    }
  }

  const start = (stage: Transform): Promise<void> => {
    working ??= work(stage)
    return working
  }

  const waitForNextEnd = (stage: Transform) => {
    clearTimeout(timer)
    const end = jail.nextEnd()
    if (!options.now || end === undefined) return
    const wait = Math.max(0, Math.min(end - options.now(), LONGEST_TIMER))
    timer = setTimeout(() => start(stage).catch(error => stage.destroy(error)), wait)
  }

  const stage = transform(
    { objectMode: true },
    function (this: Transform, record: Input, _encoding, done) {
      queue.push(record)
      const worked = start(this)
      if (queue.length < QUEUE) {
        worked.catch(error => this.destroy(error))
        done()
      } else {
        worked.then(() => done(), done)
      }
    },
    function (this: Transform, done: (error?: Error) => void) {
      finish(this).then(() => done(), done)
    },
  )

  const finish = async (stage: Transform) => {
    await (working ?? start(stage))
    clearTimeout(timer)
    if (options.flush) {
      queue.push(...jail.inForce().map(({ ip }): UnbanRecord => ({ type: 'unban', ip, reason: 'asked' })))
      await start(stage)
      await backend.flush()
    }
    await journal.close()
  }

  // what ended while nobody was at work is told before the rules are built
  const ended = options.now ? jail.expire(options.now()) : []
  await backend.open(jail.inForce())
  await journal.append(ended)
  for (const record of ended) stage.push(record)
  tally.unbans += ended.length
  waitForNextEnd(stage)
  return { stage, tally }
}
