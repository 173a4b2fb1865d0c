import { Transform } from 'node:stream'
import { formatInstant, parseInstant } from '../wire/instant.js'
import type { ProblemRecord, StatusRecord, TallyRecord } from '../wire/record.js'

/** How long an address counts as one that its ban does not stop, after it failed. */
const LATELY_MS = 600_000
/** How many such addresses are told apart. */
const MAX_ADDRESSES = 10_000
/** The rate is that of so much of the log, */
const RATE_MS = 60_000
/** and of at most so many tallies. */
const MAX_TALLIES = 1_000
/** How long the log may be silent without a word, unless it is said. */
const DEFAULT_SILENCE_MS = 600_000
/** How often that is looked at. */
const LOOK_MS = 5_000

/** What somebody who asks whether it works wants to know; all times are milliseconds since 1970. */
export interface Health {
  /** @returns passes arrays of records on, and listens to them; tallies only where somebody else wants them */
  listen: (passTallies: boolean) => Transform
  /** A record came on stdin. */
  saw: (record: { type: string; time?: string } | TallyRecord) => void
  /** A banned address failed all the same; and that was warned of. */
  ineffective: { failed: (ip: string, now: number) => void; warned: (message: string) => void }
  /** The backend fails for this reason; undefined: it works again. */
  backend: (reason: string | undefined) => void
  /** From now on, `emit` takes what needs a person. */
  connect: (emit: (problem: ProblemRecord) => void) => void
  /** Has the silence of the log be noticed. @returns ends that */
  watch: () => () => void
  /** How often banned addresses failed, since the start. */
  ineffectiveCount: () => number
  /** the newest time of a record; undefined before the first */
  newest: () => number | undefined
  /** What it can say of itself. */
  status: () => Pick<StatusRecord, 'time' | 'since' | 'failing' | 'newest' | 'heard' | 'rate' | 'ineffective'>
}

export interface Options {
  now: () => number
  /** how long the log may be silent from the start on; undefined: 10 minutes, once there was a tally */
  silenceMs: number | undefined
  warn: (message: string) => void
}

export function createHealth({ now, silenceMs, warn }: Options): Health {
  const startedAt = now()
  const pace = createPace()
  const problems = createProblems(now)
  const ineffective = createIneffective(() => problems.tell('ineffective', undefined))
  let newest: number | undefined
  let heardAt: number | undefined
  let sawTally = false

  const look = () => {
    ineffective.forget(now())
    const limit = silenceMs ?? (sawTally ? DEFAULT_SILENCE_MS : Number.POSITIVE_INFINITY)
    if (now() - (heardAt ?? startedAt) < limit || problems.why('blind') !== undefined) return
    const reason =
      `nothing came from the log for ${Math.round(limit / 1000)} s: nobody visits the app, or its log is not read ` +
      '(moved, other permissions, a stage that hangs)'
    warn(reason)
    problems.tell('blind', reason)
  }

  const saw: Health['saw'] = record => {
    heardAt = now()
    problems.tell('blind', undefined)
    if (record.time !== undefined) newest = Math.max(newest ?? 0, parseInstant(record.time))
    if (record.type !== 'tally' || !('requests' in record)) return
    sawTally = true
    pace.add(parseInstant(record.time), record.requests)
  }

  return {
    saw,
    listen: passTallies =>
      new Transform({
        objectMode: true,
        transform(records: readonly Parameters<typeof saw>[0][], _encoding, done) {
          for (const record of records) saw(record)
          done(null, passTallies ? records : records.filter(({ type }) => type !== 'tally'))
        },
      }),
    ineffective: {
      failed: ineffective.failed,
      warned: message => problems.tell('ineffective', message),
    },
    backend: reason => problems.tell('backend', reason),
    connect: problems.connect,
    watch() {
      const timer = setInterval(look, Math.min(LOOK_MS, silenceMs ?? LOOK_MS)).unref()
      return () => clearInterval(timer)
    },
    ineffectiveCount: ineffective.count,
    newest: () => newest,
    status() {
      ineffective.forget(now())
      const [failing, rate] = [problems.why('backend'), pace.rate()]
      return {
        time: formatInstant(now()),
        since: formatInstant(startedAt),
        ...(failing === undefined ? {} : { failing }),
        ...(newest === undefined ? {} : { newest: formatInstant(newest) }),
        ...(heardAt === undefined ? {} : { heard: formatInstant(heardAt) }),
        ...(rate === undefined ? {} : { rate }),
        ineffective: ineffective.size(),
      }
    },
  }
}

/** What lasts, by kind; each change of it is emitted. */
function createProblems(now: () => number) {
  const lasting = new Map<string, string>()
  let emit: (problem: ProblemRecord) => void = () => {}
  return {
    why: (kind: string) => lasting.get(kind),
    connect(to: typeof emit) {
      emit = to
      const time = formatInstant(now())
      for (const [kind, reason] of lasting) emit({ type: 'problem', time, kind, reason })
    },
    /** @param reason undefined: it is over */
    tell(kind: string, reason: string | undefined) {
      const before = lasting.get(kind)
      if (reason === before) return
      const time = formatInstant(now())
      if (reason !== undefined) {
        lasting.set(kind, reason)
        emit({ type: 'problem', time, kind, reason })
      } else if (before !== undefined) {
        lasting.delete(kind)
        emit({ type: 'problem', time, kind, reason: before, until: time })
      }
    },
  }
}

/** Which addresses failed lately although they are banned. @param onNone is called when there are none any more */
function createIneffective(onNone: () => void) {
  // in the order of their last failure
  const failedAt = new Map<string, number>()
  let count = 0
  const forget = (at: number) => {
    for (const [ip, failed] of failedAt) {
      if (at - failed < LATELY_MS && failedAt.size <= MAX_ADDRESSES) break
      failedAt.delete(ip)
    }
    if (failedAt.size === 0) onNone()
  }
  return {
    forget,
    failed(ip: string, at: number) {
      count += 1
      failedAt.delete(ip)
      failedAt.set(ip, at)
      forget(at)
    },
    count: () => count,
    size: () => failedAt.size,
  }
}

/** How many requests a second there are, by tallies. */
function createPace() {
  let tallies: { time: number; requests: number }[] = []
  return {
    add(time: number, requests: number) {
      tallies.push({ time, requests })
      while (tallies.length > MAX_TALLIES || (tallies[1]?.time ?? time) <= time - RATE_MS) tallies.shift()
      // a log that begins anew
      if ((tallies[0]?.time ?? time) > time) tallies = [{ time, requests }]
    },
    /** undefined before two tallies: each tells of the time since the one before it */
    rate(): number | undefined {
      const [first, ...others] = tallies
      const last = others.at(-1)
      if (!first || !last || last.time === first.time) return undefined
      const requests = others.reduce((sum, tally) => sum + tally.requests, 0)
      return Math.round((10_000 * requests) / (last.time - first.time)) / 10
    },
  }
}
