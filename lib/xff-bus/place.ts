import { createHash } from 'node:crypto'

/** So many of the last lines are told, each by one digest: the input may begin anywhere among them. */
const LEVELS = [1, 4, 16, 64, 256] as const
const REACH = 256
const DIGEST_LENGTH = 16

/**
 * Where in its log a writer was. Two equal lines of one second are two requests, and a pipe has no offsets; but the same
 * log gives the same records, so that the last ones that were sent tell the place.
 */
export interface Place {
  /** the time of the newest record sent, in milliseconds since 1970; 0 where there is none */
  newest: number
  /** of the last 1, 4, 16, 64 and 256 records, as far as there were so many */
  digests: readonly string[]
}

export function formatPlace({ newest, digests }: Place): string {
  return [newest, ...digests].join(' ')
}

/** @returns undefined for what is no place */
export function parsePlace(text: string): Place | undefined {
  const [first = '', ...digests] = text.split(' ')
  if (!/^\d{1,15}$/.test(first)) return undefined
  return { newest: Number(first), digests: digests.slice(0, LEVELS.length) }
}

/** The records of a log, one after the other. */
export interface Trail {
  add: (line: Buffer) => void
  digests: () => string[]
  /**
   * How many lines before this point agree with those before a place.
   * @returns 0: this is not the place; `Infinity`: all of those that the place tells of
   */
  agreement: (place: Place) => number
}

export function createTrail(): Trail {
  let hashes: string[] = []
  const digestOf = (level: number): string | undefined =>
    level === 1 ? hashes.at(-1) : digest(hashes.slice(-level).join())
  return {
    add(line) {
      hashes.push(digest(line))
      if (hashes.length >= 4 * REACH) hashes = hashes.slice(-REACH)
    },
    digests: () => LEVELS.filter(level => level <= hashes.length).map(level => digestOf(level) ?? ''),
    agreement({ digests }) {
      // the cheapest first: nearly always it differs
      if (digests.length === 0 || hashes.at(-1) !== digests[0]) return 0
      const known = LEVELS.slice(0, digests.length).filter(level => level <= hashes.length)
      if (!known.every((level, i) => digestOf(level) === digests[i])) return 0
      return known.length === digests.length ? Number.POSITIVE_INFINITY : (known.at(-1) ?? 0)
    },
  }
}

function digest(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('base64').slice(0, DIGEST_LENGTH)
}
