import { Duplex } from 'node:stream'
import type { BanRecord } from '../wire/record.js'
import { type Backend, BackendError } from './backend/backend.js'
import { createEnforcement } from './backend/enforcement.js'
import { tellHits, withHits } from './backend/hits.js'
import { watch } from './backend/watchdog.js'
import { createPace } from './batch-timer.js'
import type { Answer, Asked, Outcome, Request, Tally } from './jail/decide.js'
import { createDecider } from './jail/decide.js'
import type { Jail } from './jail/jail.js'
import { createAnnouncer } from './jail/warnings.js'
import { createBacklog } from './journal/backlog.js'
import type { Journal } from './journal/journal.js'

export interface Options {
  jail: Jail
  backend: Backend
  journal: Journal
  /** milliseconds since 1970; undefined: the newest record's time is now */
  now: (() => number) | undefined
  /** by how many milliseconds the clock was set since it was last asked */
  stepped?: () => number
  /** whether the bans are taken down at the end */
  flush: boolean
  /** how often the backend is looked at, in milliseconds */
  verify: number
  /** how many new bans within a minute are announced */
  storm: number
  /** whether hits are told, once a minute */
  hits?: boolean
  warn: (message: string) => void
}

export interface XffBan {
  /** requests in, what was carried out out */
  stage: Duplex
  jail: Jail
  tally: Tally
  /** The same requests from elsewhere; returns when they are carried out. What was is told by the stage as well. */
  ask: (records: readonly Request[]) => Promise<Answer[]>
  /** The bans in force, with their hits where these are counted. */
  list: () => Promise<BanRecord[]>
  /** The command is to end: what cannot be done soon is given up. */
  hurry: () => void
}

/** How many records wait for the backend, and how many for the reader of our output, before the input has to. */
const QUEUE = 1_000
/** How many wait for a disk that is full. */
const BACKLOG = 100_000
/** The pause between attempts to write to it, in milliseconds, and how often it is tried at the end. */
const DISK_PAUSE = 1_000
const LAST_WRITES = 3
/** The longest that setTimeout can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Bans and unbans in, those that were carried out out. Whatever has gathered while the backend was at work
 * makes its next transaction; the order is: enforce, journal, emit. A crash before the journal is as if the
 * record had not come; after it, a replay finds it told.
 * @throws BackendError when the backend cannot be used
 */
export async function xffBan(options: Options): Promise<XffBan> {
  const { jail, backend, journal, now, stepped = () => 0, verify, warn } = options
  // in a replay nobody was banned, so of course they went on
  const announcer = createAnnouncer({ storm: options.storm, hint: now && backend.hint, warn })
  const decider = createDecider({ jail, backend, now, stepped, announcer, warn })
  const enforcement = createEnforcement({ backend, inForce: jail.inForce, verify, warn })
  const backlog = createBacklog(journal, warn)
  const pace = createPace()
  let queue: Asked[] = []
  let working: Promise<void> | undefined
  let waiting: (() => void) | undefined
  let doubtful = false
  let ending = false
  /** the backend cannot be used, and the command is to end: what is left goes into the journal alone */
  let gaveUp: BackendError | undefined
  let nextEnd: NodeJS.Timeout | undefined
  let nextWrite: NodeJS.Timeout | undefined

  const carryOut = async ({ changes, ...outcome }: Outcome) => {
    let stands = await enforcement.apply(changes)
    if (outcome.moved) stands = await enforcement.renew()
    if (doubtful && stands && !ending) {
      doubtful = false
      stands = await enforcement.verify()
    }
    // what the backend could not take goes into the journal first: no crash meanwhile can lose it
    backlog.add({ changes, ...outcome })
    const written = await backlog.write()
    if (!stands) {
      try {
        await enforcement.restore()
      } catch (error) {
        if (!(error instanceof BackendError)) throw error
        gaveUp = error
      }
    }
    if (gaveUp) return
    if (!written) {
      nextWrite ??= setTimeout(() => {
        nextWrite = undefined
        start()
      }, DISK_PAUSE)
      return
    }
    tell()
    const remark = await journal.tidy()
    if (remark !== undefined) warn(remark)
    if (changes.length > 0) pace.rest()
  }

  const tell = () => {
    const { carriedOut, answers } = backlog.news()
    for (const record of carriedOut) stage.push(record)
    for (const answer of answers) answer()
  }

  /** Works off the queue and what is due, one transaction at a time. */
  const work = async () => {
    try {
      do {
        if (ending || !hasRoom()) pace.hurry()
        await pace.turn()
        const asked = queue
        queue = []
        await carryOut(decider.decide(asked))
        resume()
      } while (queue.length > 0)
      waitForNextEnd()
    } finally {
      // in the same breath as the last look at the queue, so that no record is left lying
      working = undefined
    }
  }

  const start = (): Promise<void> => {
    working ??= work()
    working.catch(error => stage.destroy(error))
    return working
  }

  const waitForNextEnd = () => {
    clearTimeout(nextEnd)
    const end = jail.nextEnd()
    if (!now || end === undefined) return
    nextEnd = setTimeout(start, Math.max(0, Math.min(end - now(), LONGEST_TIMER)))
  }

  const hasRoom = () =>
    ending || (queue.length < QUEUE && stage.readableLength < QUEUE && backlog.size() < BACKLOG)

  /** Lets the input go on when there is room. */
  const resume = () => {
    if (!waiting || !hasRoom()) return
    const go = waiting
    waiting = undefined
    go()
  }

  const stage = new Duplex({
    objectMode: true,
    write(record: Request, _encoding, done) {
      queue.push({ record })
      if (queue.length >= QUEUE) pace.hurry()
      start()
      waiting = done
      resume()
    },
    read: resume,
    final(done) {
      finish().then(() => {
        stage.push(null)
        done()
      }, done)
    },
    destroy(error, done) {
      stop()
      done(error)
    },
  })

  const stop = () => {
    clearTimeout(nextEnd)
    clearTimeout(nextWrite)
    stopWatching()
  }

  const hurry = () => {
    ending = true
    pace.hurry()
    enforcement.hurry()
    resume()
  }

  /** Finishes what is in hand. */
  const finish = async () => {
    hurry()
    await start()
    if (options.flush) {
      queue = queue.concat(jail.inForce().map(({ ip }) => ({ record: { type: 'unban', ip } })))
      await start()
      await backend.flush()
    }
    for (let left = LAST_WRITES; backlog.failure() && left > 0; left--) {
      await new Promise(resolve => setTimeout(resolve, DISK_PAUSE))
      await start()
    }
    stop()
    await journal.close()
    const failure = gaveUp ?? backlog.failure()
    if (failure) throw failure
  }

  // what ended while nobody was at work is told before the rules are built
  const begun = decider.begin()
  await backend.open(jail.inForce())
  const stopWatching = watch(backend, verify, () => {
    doubtful = true
    start()
  })
  await carryOut({ ...begun, changes: [], moved: false })
  waitForNextEnd()
  if (options.hits) tellHits(stage, backend, warn)
  return {
    stage,
    jail,
    tally: decider.tally,
    ask(records) {
      const busy = ({ ip }: Request): Answer => ({
        type: 'refused',
        ip,
        because: 'too much is waiting already',
      })
      if (!hasRoom()) return Promise.resolve(records.map(busy))
      const answers = records.map(record => new Promise<Answer>(answer => queue.push({ record, answer })))
      start()
      return Promise.all(answers)
    },
    async list() {
      const hits = await backend.hits?.().catch(error => warn(`hits: ${error.message}`))
      return withHits(
        jail.inForce().map(({ record }) => record),
        hits || undefined,
      )
    },
    hurry,
  }
}
