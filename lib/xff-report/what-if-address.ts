/** A pair of limits, in milliseconds, and what came of it. */
export interface Trial {
  /** its place among the trials */
  index: number
  max: number
  find: number
  addresses: number
  stopped: number
}

/** The failures of an address, as many as may still count for one of the trials. */
export interface Address {
  /** in order, in milliseconds since 1970 */
  times: number[]
  /** for each of them, which failure of the address it was as they came */
  ordinals: number[]
  /** how many came */
  count: number
  /** whether a later one came before an earlier one */
  isMixed: boolean
  /** with so many it is time to drop those that do not count any more */
  room: number
  /** by trial; undefined until the first ban */
  bans: Bans | undefined
}

interface Bans {
  /** how many failures had come at the last ban: those do not count any more */
  counted: Uint32Array
  /** when the last ban ended, in milliseconds since 1970 */
  until: Float64Array
}

interface Limits {
  trials: readonly Trial[]
  /** the largest `max` of them */
  most: number
  /** how long a ban would last, in milliseconds */
  time: number
  /** before this time nothing counts any more */
  horizon: number
}

/** @param first the time of a failure that came before, if there was one */
export function createAddress(first: number | undefined): Address {
  const times = first === undefined ? [] : [first]
  return {
    times,
    ordinals: times.map(() => 1),
    count: times.length,
    isMixed: false,
    room: 0,
    bans: undefined,
  }
}

/** Whether nothing of it counts any more. */
export function isIdle({ times }: Address, horizon: number): boolean {
  return (times.at(-1) ?? Number.NEGATIVE_INFINITY) < horizon
}

/** Adds a failure, and to each trial what it would have done: be stopped by a ban, or make one. */
export function addFailure(
  address: Address,
  time: number,
  { trials, most, time: banTime, horizon }: Limits,
): void {
  const at = insert(address, time)
  for (const trial of trials) {
    const until = address.bans?.until[trial.index] ?? Number.NEGATIVE_INFINITY
    const isBanned = time < until && time >= until - banTime
    if (isBanned) trial.stopped += 1
    if (!isBan(address, at, trial)) continue
    address.bans ??= createBans(trials.length)
    // the window counts it all the same, since the log contains failures that a ban would have prevented
    address.bans.counted[trial.index] = address.count
    if (isBanned) continue
    if (until === Number.NEGATIVE_INFINITY) trial.addresses += 1
    address.bans.until[trial.index] = time + banTime
  }
  if (address.times.length > Math.max(address.room, 2 * most)) drop(address, most, horizon)
}

function createBans(trials: number): Bans {
  return {
    counted: new Uint32Array(trials),
    until: new Float64Array(trials).fill(Number.NEGATIVE_INFINITY),
  }
}

/** Keeps the times in order; nearly always the new one is the last. @returns its place */
function insert(address: Address, time: number): number {
  const { times, ordinals } = address
  address.count += 1
  let at = times.length
  while (at > 0 && (times[at - 1] ?? Number.NaN) > time) at -= 1
  if (at === times.length) {
    times.push(time)
    ordinals.push(address.count)
  } else {
    address.isMixed = true
    times.splice(at, 0, time)
    ordinals.splice(at, 0, address.count)
  }
  return at
}

/** Whether `max` failures since the last ban, the one at this place among them, lie within `find`. */
function isBan(
  { times, ordinals, isMixed, bans }: Address,
  at: number,
  { index, max, find }: Trial,
): boolean {
  const counted = bans?.counted[index] ?? 0
  const time = times[at] ?? Number.NaN
  if (!isMixed) {
    const first = at - max + 1
    return (
      first >= 0 && (ordinals[first] ?? Number.NaN) > counted && time - (times[first] ?? Number.NaN) <= find
    )
  }
  const near = [time]
  const isNear = (place: number) => Math.abs((times[place] ?? Number.NaN) - time) <= find
  for (let place = at - 1; place >= 0 && near.length < max && isNear(place); place--)
    if ((ordinals[place] ?? Number.NaN) > counted) near.unshift(times[place] ?? Number.NaN)
  const before = near.length
  for (let place = at + 1; place < times.length && near.length - before < max - 1 && isNear(place); place++)
    if ((ordinals[place] ?? Number.NaN) > counted) near.push(times[place] ?? Number.NaN)
  for (let first = 0; first + max <= near.length; first++)
    if ((near[first + max - 1] ?? Number.NaN) - (near[first] ?? Number.NaN) <= find) return true
  return false
}

/** Drops the failures that count for no trial any more. */
function drop(address: Address, most: number, horizon: number): void {
  const { times, ordinals, bans } = address
  // where all came in order, no window reaches further back than the largest `max`
  if (!address.isMixed) {
    for (const numbers of [times, ordinals]) {
      numbers.copyWithin(0, numbers.length - most)
      numbers.length = most
    }
  } else {
    const counted = bans ? Math.min(...bans.counted) : 0
    const places = [...times.keys()].filter(
      place => (times[place] ?? Number.NaN) >= horizon && (ordinals[place] ?? Number.NaN) > counted,
    )
    address.times = places.map(place => times[place] ?? Number.NaN)
    address.ordinals = places.map(place => ordinals[place] ?? Number.NaN)
    address.isMixed = address.ordinals.some((ordinal, place) => ordinal < (address.ordinals[place - 1] ?? 0))
  }
  address.room = 2 * address.times.length
}
