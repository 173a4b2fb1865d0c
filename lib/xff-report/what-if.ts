import type { AddressKey } from '../net/address-key.js'
import type { TallyRecord } from '../wire/record.js'
import { createClocks } from '../xff-window/clocks.js'
import { createOutages } from '../xff-window/outage.js'
import { type Address, addFailure, createAddress, createTrials, isIdle } from './what-if-address.js'

/** Limits to compare, in milliseconds; both lists from the smallest on. */
export interface WhatIfOptions {
  maxes: readonly number[]
  finds: readonly number[]
  late: number
  /** which share of requests and clients with errors makes an outage; 0, or none: nothing does */
  outage?: number
  /** how long a ban would last */
  time: number
  /** how many addresses are tracked at most */
  capacity?: number
}

/** The effect of one pair of limits. */
export interface Outcome {
  max: number
  find: number
  /** addresses that would have been banned at least once */
  addresses: number
  /** whether there may have been more: not all addresses with failures could be tracked */
  more: boolean
  /** failures that came while their address would have been banned */
  stopped: number
}

export interface WhatIf {
  /** @param status undefined where there was no answer */
  failure: (ip: AddressKey, time: number, status?: number) => void
  /** A stretch of the log is over. */
  tally: (tally: TallyRecord) => void
  /** The records are over: errors whose stretch has no tally count. */
  end: () => void
  /** how many errors did not count, since they were part of an outage */
  spared: () => number
  /** The limits by which an address would have been banned; undefined where it was not tracked. */
  limitsThatBan: (ip: AddressKey) => { max: number; find: number }[] | undefined
  /** a row for each `max`, in it a cell for each `find` */
  outcomes: () => Outcome[][]
}

const MAX_ADDRESSES = 20_000

/**
 * What xff-window would have banned, for each pair of limits. It decides as a window for each pair would, but looks up an
 * address and keeps its failures once for all of them.
 */
export function createWhatIf({
  maxes,
  finds,
  late,
  time,
  outage = 0,
  capacity = MAX_ADDRESSES,
}: WhatIfOptions): WhatIf {
  const trials = createTrials({ maxes, finds, time })
  const reach = Math.max(...finds)
  const clocks = createClocks(late)
  const table = createAddressTable(capacity, Math.min(...maxes) > 1)

  const outages = createOutages<{ key: AddressKey; at: number }>(outage)
  const count = (ip: AddressKey, at: number) => {
    clocks.observe(at)
    const horizon = clocks.slowest() - late - reach
    const address = table.of(ip, at, horizon)
    if (address) addFailure(address, at, trials, horizon)
  }

  return {
    failure(key, at, status = 500) {
      if (outages.mustWait(status)) outages.wait({ key, at })
      else count(key, at)
    },
    tally(tally) {
      for (const { key, at } of outages.end(tally)) count(key, at)
    },
    spared: outages.spared,
    end() {
      for (const { key, at } of outages.rest()) count(key, at)
    },
    limitsThatBan(ip) {
      const address = table.find(ip)
      if (!address) return table.lost() ? undefined : []
      const { counted } = address.bans ?? {}
      return maxes.flatMap((max, row) =>
        finds.flatMap((find, column) =>
          (counted?.[row * finds.length + column] ?? 0) > 0 ? [{ max, find }] : [],
        ),
      )
    },
    outcomes: () =>
      maxes.map((max, row) =>
        finds.map((find, column) => {
          const pair = row * finds.length + column
          return {
            max,
            find,
            addresses: trials.addresses[pair] ?? 0,
            more: table.lost(),
            stopped: trials.stopped[pair] ?? 0,
          }
        }),
      ),
  }
}

/**
 * The addresses that failed, in bounded memory. Those that failed once are kept apart, in little room. An address that
 * would have been banned stays, so that it is counted once.
 * @param keepsSingles whether one failure bans nobody
 */
function createAddressTable(capacity: number, keepsSingles: boolean) {
  const once = new Map<AddressKey, number>()
  const several = new Map<AddressKey, Address>()
  let lost = false

  /** Makes room: idle addresses leave first, then those that failed once, then others, each from the oldest on. */
  const makeRoom = (horizon: number) => {
    for (const [ip, time] of once) {
      if (time >= horizon) break
      once.delete(ip)
    }
    // an eighth at a time, as it takes a look at many of them
    let surplus = once.size + several.size - Math.floor((capacity * 7) / 8)
    const dropFrom = <T>(map: Map<AddressKey, T>, mayLeave: (value: T) => boolean, isLoss: boolean) => {
      for (const [ip, value] of map) {
        if (surplus <= 0) return
        if (!mayLeave(value)) continue
        map.delete(ip)
        surplus -= 1
        lost ||= isLoss
      }
    }
    dropFrom(several, address => !address.bans && isIdle(address, horizon), false)
    dropFrom(once, () => true, true)
    dropFrom(several, ({ bans }) => !bans, true)
  }

  return {
    /** The address to add a failure to; undefined where there is nothing to decide yet, or no room. */
    of(ip: AddressKey, time: number, horizon: number): Address | undefined {
      const known = several.get(ip)
      if (known) return known
      const single = once.get(ip)
      if (single === undefined && once.size + several.size >= capacity) makeRoom(horizon)
      if (keepsSingles && single === undefined && once.size + several.size < capacity) {
        once.set(ip, time)
        return undefined
      }
      once.delete(ip)
      if (several.size >= capacity) {
        lost = true
        return undefined
      }
      const address = createAddress(single)
      several.set(ip, address)
      return address
    },
    /** An address that failed more than once. */
    find: (ip: AddressKey): Address | undefined => several.get(ip),
    /** Whether an address that could have been banned was not tracked. */
    lost: () => lost,
  }
}
