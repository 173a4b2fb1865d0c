import { Readable } from 'node:stream'
import { BoundedMap } from '../bounded-map.js'
import type { Broker, Stored } from './broker.js'
import { type ChainTally, createChains } from './chain.js'
import { createHosts, type Hosts } from './hosts.js'
import { type Bounds, createJudge, type JudgeTally } from './judge.js'
import { ended } from './lines.js'
import { nameHost } from './name-host.js'
import { unpack } from './pack.js'

/** How many batches are read again where one is missing. */
const BACK = { requests: 2_000, bans: 200 }
/** Of how many writers it is known that their records do not count. */
const MAX_WRITERS = 10_000

export interface ReadOptions {
  broker: Broker
  /** milliseconds since 1970 */
  since: number
  isToEnd: boolean
  now: () => number
  warn: (message: string) => void
  signal: AbortSignal
}

/** What is read, as bytes. */
export interface Reading {
  input: Readable
  tally: ReadTally
}

export interface ReadTally {
  batches: number
  /** batches that cannot be read */
  bad: number
  chains: ChainTally
  /** when all was read that was there, in milliseconds since 1970; 0: never yet */
  currentAt: number
}

/** Reads the requests that count, as bytes. */
export function readRequests(
  options: ReadOptions & { bounds: Bounds; namesHosts: boolean },
): Reading & { judged: JudgeTally; hosts: Hosts; newestAt: () => number } {
  const { judge, tally: judged } = createJudge(options.bounds)
  const { warn, namesHosts } = options
  const hosts = createHosts(options.bounds.ahead)
  const told = new BoundedMap<string, true>(MAX_WRITERS)
  let newestAt = 0
  const { reading, tally, input } = createReading('requests', options, (lines, batch) => {
    const { from, at } = batch
    newestAt = at
    const before = judged.records
    const kept = judge(lines, at)
    const isWrong = kept.length < lines.length
    hosts.hear(batch, isWrong)
    if (isWrong && !told.has(from)) {
      told.set(from, true)
      warn(`${from}: records that are late, or ahead of the broker's clock, do not count (told once a host)`)
    }
    if (judged.records === before) return undefined
    return namesHosts ? nameHost(kept, from) : kept
  })
  start(input, options.broker.gone, options.broker.follow('requests', reading))
  return { input, tally, judged, hosts, newestAt: () => newestAt }
}

/** Reads the decisions, as bytes. */
export function readBans(options: ReadOptions): Reading {
  const { reading, tally, input } = createReading('bans', options, lines => lines)
  start(input, options.broker.gone, options.broker.listen('bans', reading).done)
  return { input, tally }
}

function createReading(
  topic: 'requests' | 'bans',
  { since, isToEnd, now, warn, signal }: ReadOptions,
  pass: (lines: Buffer, batch: Stored) => Buffer | undefined,
) {
  const chains = createChains(warn)
  const tally: ReadTally = { batches: 0, bad: 0, chains: chains.tally, currentAt: 0 }
  let onRead = () => {}
  const input = new Readable({
    read() {
      onRead()
    },
  })
  const take = (batch: Stored): undefined | number | Promise<undefined> => {
    const verdict = chains.see(batch)
    if (verdict === 'back') return BACK[topic]
    if (verdict === 'skip') return undefined
    if (batch.payload.length > 0) tally.batches += 1
    let lines: Buffer | undefined
    try {
      // one without lines says that its writer is there
      lines = pass(batch.payload.length > 0 ? ended(unpack(batch)) : batch.payload, batch)
    } catch (error) {
      tally.bad += 1
      if (tally.bad === 1)
        warn(`${batch.from}: a batch that cannot be read: ${String(error)}; further ones are counted`)
    }
    if (!lines || lines.length === 0 || input.push(lines)) return undefined
    return new Promise(resolve => {
      onRead = () => resolve(undefined)
      if (signal.aborted) onRead()
    })
  }
  signal.addEventListener('abort', () => onRead(), { once: true })
  const onCurrent = () => {
    tally.currentAt = now()
  }
  return { input, tally, reading: { since, isToEnd, take, onNewLog: chains.forget, onCurrent, signal } }
}

/** @param gone fails when the broker does not want us any more, as for a key that was revoked */
function start(input: Readable, gone: Promise<never>, reading: Promise<void>): void {
  Promise.race([reading, gone]).then(
    () => input.push(null),
    error => input.destroy(error instanceof Error ? error : new Error(String(error))),
  )
}
