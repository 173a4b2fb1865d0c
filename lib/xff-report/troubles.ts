import { BoundedMap } from '../bounded-map.js'
import { parseInstant } from '../wire/instant.js'
import type { HeldRecord, ProblemRecord } from '../wire/record.js'
import { truncated } from './truncate.js'

/** A problem that xff-ban told of; instants in milliseconds since 1970. */
export interface Trouble {
  kind: string
  /** as it was told last */
  reason: string
  from: number
  /** undefined: it lasts */
  until: number | undefined
  /** how often it was told before it was over */
  told: number
}

export interface Troubles {
  /** the latest begin first */
  problems: { top: Trouble[]; all: number }
  /** bans that were held back, and those that still are; the reason is that of the last one */
  held: { all: number; waiting: string[]; reason: string | undefined }
}

/** Older ones are forgotten beyond these bounds. */
const MAX_PROBLEMS = 1_000
const MAX_HELD = 10_000

/** What went wrong, from the records of xff-ban. */
export function createTroubles() {
  const lasting = new BoundedMap<string, Trouble>(100)
  const problems = new BoundedMap<number, Trouble>(MAX_PROBLEMS)
  const waiting = new BoundedMap<string, number>(MAX_HELD)
  let all = 0
  let held = 0
  let heldFor: string | undefined

  return {
    problem({ kind, reason, time, until }: ProblemRecord): void {
      const name = truncated(kind)
      let trouble = lasting.get(name)
      if (!trouble) {
        trouble = { kind: name, reason: '', from: parseInstant(time), until: undefined, told: 0 }
        lasting.set(name, trouble)
        problems.set(all, trouble)
        all += 1
      }
      trouble.reason = truncated(reason)
      if (until === undefined) trouble.told += 1
      else {
        trouble.until = parseInstant(until)
        lasting.delete(name)
      }
    },
    held({ ip, reason, falls }: HeldRecord): void {
      if (!waiting.has(ip)) held += 1
      waiting.set(ip, parseInstant(falls))
      heldFor = truncated(reason)
    },
    /** A ban that was held back has fallen. */
    fell: (ip: string): void => void waiting.delete(ip),
    isHeld: (ip: string): boolean => waiting.has(ip),
    digest: (now: number, top: number): Troubles => ({
      problems: { top: [...problems.values()].reverse().slice(0, top), all },
      held: {
        all: held,
        waiting: [...waiting].filter(([, falls]) => falls > now).map(([ip]) => ip),
        reason: heldFor,
      },
    }),
  }
}
