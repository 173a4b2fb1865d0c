/** Pairs of limits, and what came of each. A pair is known by its row times the number of columns, plus its column. */
export interface Trials {
  /** by row, from the smallest on */
  maxes: readonly number[]
  /** by column, from the shortest on, in milliseconds */
  finds: readonly number[]
  /** how long a ban would last, in milliseconds */
  time: number
  /** by pair: how many addresses were banned at least once */
  addresses: Float64Array
  /** by pair: how many failures came while their address was banned */
  stopped: Float64Array
}

/** The failures of an address, as many as may still count for one of the pairs. */
export interface Address {
  /** in order, in milliseconds since 1970; the first `size` of them */
  times: Float64Array
  size: number
  /** for each of them, which failure of the address it was as they came; undefined where they are the last, in order */
  ordinals: Float64Array | undefined
  /** how many came */
  count: number
  /** with so many it is time to drop those that do not count any more */
  room: number
  /** undefined until the first ban */
  bans: Bans | undefined
}

interface Bans {
  /** by pair: how many failures had come at the last ban; those do not count any more */
  counted: Float64Array
  /** by pair: when the last ban ended, in milliseconds since 1970 */
  until: Float64Array
}

export function createTrials({ maxes, finds, time }: Pick<Trials, 'maxes' | 'finds' | 'time'>): Trials {
  const pairs = maxes.length * finds.length
  return { maxes, finds, time, addresses: new Float64Array(pairs), stopped: new Float64Array(pairs) }
}

/** @param first the time of a failure that came before, if there was one */
export function createAddress(first: number | undefined): Address {
  const size = first === undefined ? 0 : 1
  const times = new Float64Array(LEAST)
  times[0] = first ?? 0
  return { times, size, ordinals: undefined, count: size, room: 0, bans: undefined }
}

/** How many times there is room for at first. */
const LEAST = 4

/** Whether nothing of it counts any more. */
export function isIdle({ times, size }: Address, horizon: number): boolean {
  return size === 0 || (times[size - 1] ?? Number.NaN) < horizon
}

/**
 * Adds a failure, and to each pair what it would have done: be stopped by a ban, or make one. The pairs are not tried one
 * by one: most failures are too few, or too far apart, for all that are left.
 * @param horizon before this time nothing counts any more
 */
export function addFailure(address: Address, time: number, trials: Trials, horizon: number): void {
  const { maxes, finds } = trials
  const at = insert(address, time)
  if (address.bans) countStopped(address.bans.until, time, trials)
  for (let row = 0; row < maxes.length; row++) {
    const max = maxes[row] ?? Number.NaN
    const span = shortestSpan(address, at, max)
    let column = finds.length - 1
    // so many do not lie within the longest; nor do more
    if (span > (finds[column] ?? Number.NaN)) break
    for (; column >= 0 && span <= (finds[column] ?? Number.NaN); column--) {
      const pair = row * finds.length + column
      if (isBan(address, at, max, finds[column] ?? Number.NaN, address.bans?.counted[pair] ?? 0))
        ban(address, pair, time, trials)
    }
  }
  const most = maxes.at(-1) ?? 0
  if (address.size > Math.max(address.room, 2 * most)) drop(address, most, horizon)
}

/** Keeps the times in order; nearly always the new one is the last. @returns its place */
function insert(address: Address, time: number): number {
  if (address.size === address.times.length) grow(address)
  const { times, size, count } = address
  let at = size
  while (at > 0 && (times[at - 1] ?? Number.NaN) > time) at -= 1
  if (at < size) {
    times.copyWithin(at + 1, at, size)
    address.ordinals ??= times.map((_, place) => count - size + 1 + place)
    address.ordinals.copyWithin(at + 1, at, size)
  }
  times[at] = time
  address.size += 1
  address.count += 1
  if (address.ordinals) address.ordinals[at] = address.count
  return at
}

function grow(address: Address): void {
  address.times = doubled(address.times)
  if (address.ordinals) address.ordinals = doubled(address.ordinals)
}

function doubled(numbers: Float64Array): Float64Array {
  const larger = new Float64Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}

function countStopped(until: Float64Array, time: number, { stopped, time: banTime }: Trials): void {
  for (let pair = 0; pair < until.length; pair++) {
    const end = until[pair] ?? Number.NaN
    if (time < end && time >= end - banTime) stopped[pair] = (stopped[pair] ?? Number.NaN) + 1
  }
}

/** Within how many milliseconds `max` failures lie, the one at this place among them, whether they count or not. */
function shortestSpan({ times, size }: Address, at: number, max: number): number {
  let shortest = Number.POSITIVE_INFINITY
  for (let first = Math.max(0, at - max + 1); first <= at && first + max <= size; first++)
    shortest = Math.min(shortest, (times[first + max - 1] ?? Number.NaN) - (times[first] ?? Number.NaN))
  return shortest
}

/**
 * Whether `max` failures since the last ban, the one at this place among them, lie within `find`.
 * @param counted how many failures had come at the last ban
 */
function isBan(
  { times, size: all, ordinals, count }: Address,
  at: number,
  max: number,
  find: number,
  counted: number,
): boolean {
  if (count - counted < max) return false
  // in order, those since the ban are the last ones
  if (!ordinals) return true
  const next = (place: number) => {
    while (place < all && (ordinals[place] ?? Number.NaN) <= counted) place += 1
    return place
  }
  const isNear = (place: number) => (times[at] ?? Number.NaN) - (times[place] ?? Number.NaN) <= find
  // from the first that can be one of them on
  let first = at
  let size = 1
  for (let place = at - 1; place >= 0 && size < max && isNear(place); place--) {
    if ((ordinals[place] ?? Number.NaN) <= counted) continue
    first = place
    size += 1
  }
  for (let last = at; ; size -= 1) {
    for (; size < max; size++) last = next(last + 1)
    if (last >= all) return false
    if ((times[last] ?? Number.NaN) - (times[first] ?? Number.NaN) <= find) return true
    if (first === at) return false
    first = next(first + 1)
  }
}

function ban(address: Address, pair: number, time: number, trials: Trials): void {
  address.bans ??= createBans(trials.stopped.length)
  const { counted, until } = address.bans
  const end = until[pair] ?? Number.NaN
  // the window counts it all the same, since the log contains failures that a ban would have prevented
  counted[pair] = address.count
  if (time < end && time >= end - trials.time) return
  if (end === Number.NEGATIVE_INFINITY) trials.addresses[pair] = (trials.addresses[pair] ?? Number.NaN) + 1
  until[pair] = time + trials.time
}

function createBans(pairs: number): Bans {
  return {
    counted: new Float64Array(pairs),
    until: new Float64Array(pairs).fill(Number.NEGATIVE_INFINITY),
  }
}

/** Drops the failures that count for no pair any more. */
function drop(address: Address, most: number, horizon: number): void {
  const { times, size, ordinals, bans } = address
  if (!ordinals) {
    // where all came in order, no window reaches further back than the largest `max`
    times.copyWithin(0, size - most, size)
    address.size = most
  } else {
    const counted = bans ? Math.min(...bans.counted) : 0
    let kept = 0
    let isWhole = true
    for (let place = 0; place < size; place++) {
      const ordinal = ordinals[place] ?? Number.NaN
      if ((times[place] ?? Number.NaN) < horizon || ordinal <= counted) continue
      isWhole &&= kept === 0 || ordinal === (ordinals[kept - 1] ?? Number.NaN) + 1
      times[kept] = times[place] ?? Number.NaN
      ordinals[kept] = ordinal
      kept += 1
    }
    address.size = kept
    if (isWhole && (kept === 0 || ordinals[kept - 1] === address.count)) address.ordinals = undefined
  }
  address.room = 2 * address.size
}
