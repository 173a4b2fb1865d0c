import type { StatusRecord } from '../wire/record.js'
import type { Backend } from './backend/backend.js'
import { countHits } from './backend/hits.js'
import type { Metrics as BackendMetrics } from './backend/instrumented.js'
import type { Health } from './health.js'
import type { Tally } from './jail/batch.js'
import type { Jail } from './jail/jail.js'

export interface Metrics extends BackendMetrics {
  gauge: (name: string, help: string, read: () => number) => void
  /** whether anybody reads them */
  readonly isOpen: boolean
}

/** What is looked at to say how xff-ban is. */
export interface Seen {
  tally: Tally
  jail: Pick<Jail, 'inForce' | 'allowed'>
  health: Health
  backend: Backend
  /** how many bans are held back */
  held: () => number
  /** the most bans that may be in force */
  maxBans: number
}

/** What `status` is answered with. */
export function statusOf({ tally, jail, health, backend, held, maxBans }: Seen): StatusRecord {
  return {
    type: 'status',
    ...health.status(),
    way: backend.way?.() ?? backend.name,
    in_force: jail.inForce().length,
    max_bans: maxBans,
    held: held(),
    bans: tally.bans,
    unbans: tally.unbans,
    refused: tally.refused,
  }
}

/** The same as metrics. @returns ends what it takes to read them */
export function measure(
  { tally, jail, health, backend, held, maxBans }: Seen,
  { counter, gauge, isOpen }: Metrics,
  warn: (message: string) => void,
): () => void {
  counter('bans_total', 'bans carried out', () => tally.bans)
  counter('unbans_total', 'unbans carried out', () => tally.unbans)
  counter('refused_total', 'records that were refused', () => tally.refused)
  gauge('in_force', 'bans in force', () => jail.inForce().length)
  gauge('max_bans', 'the most bans that may be in force', () => maxBans)
  gauge('held', 'bans that are held back', held)
  gauge('allowed', 'addresses and prefixes that are not to be banned', () => jail.allowed.inForce().length)
  counter('ineffective_total', 'failures of addresses although they are banned', health.ineffectiveCount)
  gauge(
    'ineffective',
    'addresses that failed in the last 10 minutes although they are banned',
    () => health.status().ineffective ?? 0,
  )
  gauge(
    'newest_record_timestamp_seconds',
    'the newest time of a record, a tally included; 0 before the first',
    () => (health.newest() ?? 0) / 1000,
  )
  const { hits } = backend
  if (!isOpen || !hits) return () => {}
  return countHits(
    () => hits.call(backend),
    warn,
    total => counter('hits_total', 'requests that bans have stopped', total),
  )
}
