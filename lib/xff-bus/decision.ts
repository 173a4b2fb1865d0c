import { formatInstant } from '../wire/instant.js'
import { parseLine } from '../wire/jsonl.js'

/** What a person or a counter decides for all hosts. */
export const DECISIONS = ['ban', 'unban', 'allow', 'disallow'] as const
/** Reports of a jail, which may stand among its decisions. */
const PASSED_OVER = ['tally', 'held', 'hit'] as const
/** Why something ends by itself, or for the room in one jail: other hosts find out for themselves. */
const OWN_REASONS = ['expired', 'evicted']

/** A decision: which one it is, and its line. */
export interface Decided {
  key: string
  line: Buffer
}

/**
 * Reads a line as a decision.
 * @param from who writes it: one that a person has made, and that names nobody, is told to be by him
 * @param now the time of one that has none, in milliseconds since 1970: else every reader would take it for one of the
 *   moment in which it reads, and again whenever it reads anew
 * @returns what is wrong with it, or nothing for what concerns others
 */
export function readDecision(text: string, from: string, now: number): Decided | string | undefined {
  const record = parseLine(text, [...DECISIONS, ...PASSED_OVER] as const)
  if (typeof record === 'string') return record
  if (record.type === 'tally' || record.type === 'held' || record.type === 'hit') return undefined
  if ('reason' in record && OWN_REASONS.includes(record.reason ?? '')) return undefined
  const isCounted = record.type === 'ban' && record.failures !== undefined
  if (record.time !== undefined && (isCounted || record.by !== undefined))
    return { key: keyOf(record), line: Buffer.from(`${text}\n`) }
  const { type, time = formatInstant(now), by = from, ...rest } = record
  const line = Buffer.from(`${JSON.stringify({ type, time, ...rest, ...(isCounted ? {} : { by }) })}\n`)
  return { key: keyOf({ type, ip: record.ip, time }), line }
}

/** Which decision a line is that is stored already; undefined for what is none. */
export function keyOfStored(text: string): string | undefined {
  const record = parseLine(text, DECISIONS)
  return typeof record === 'string' ? undefined : keyOf(record)
}

/** The same of two counters that have read the same. */
function keyOf({ type, ip, time = '' }: { type: string; ip: string; time?: string }): string {
  return `${type} ${ip} ${time}`
}
