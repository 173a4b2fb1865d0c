/** A pair of limits, in milliseconds, and what came of it. */
export interface Trial {
  /** its place among the trials, which are in the order of `max` */
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
  /** by trial; undefined until the first ban */
  bans: Bans | undefined
}

interface Bans {
  /** how many failures had come at the last ban: those do not count any more */
  counted: Uint32Array
  /** when the last ban began and ended, in milliseconds since 1970 */
  from: Float64Array
  until: Float64Array
}

interface Limits {
  trials: readonly Trial[]
  /** how long a ban would last, in milliseconds */
  time: number
  /** before this time nothing counts any more */
  horizon: number
}

/** @param first the time of a failure that came before, if there was one */
export function createAddress(first: number | undefined): Address {
  const times = first === undefined ? [] : [first]
  return { times, ordinals: times.map(() => 1), count: times.length, isMixed: false, bans: undefined }
}

/** Whether nothing of it counts any more. */
export function isIdle({ times }: Address, horizon: number): boolean {
  return (times.at(-1) ?? Number.NEGATIVE_INFINITY) < horizon
}

/** Adds a failure, and to each trial what it would have done: be stopped by a ban, or make one. */
export function addFailure(address: Address, time: number, { trials, time: banTime, horizon }: Limits): void {
  const at = insert(address, time)
  let hasBan = false
  for (const trial of trials) {
    const { bans } = address
    const isBanned =
      bans !== undefined &&
      time >= (bans.from[trial.index] as number) &&
      time < (bans.until[trial.index] as number)
    if (isBanned) trial.stopped += 1
    if (!isBan(address, at, trial)) continue
    hasBan = true
    address.bans ??= createBans(trials.length)
    // the window counts it all the same, since the log contains failures that a ban would have prevented
    address.bans.counted[trial.index] = address.count
    if (isBanned) continue
    if (address.bans.until[trial.index] === Number.NEGATIVE_INFINITY) trial.addresses += 1
    address.bans.from[trial.index] = time
    address.bans.until[trial.index] = time + banTime
  }
  const most = (trials.at(-1) as Trial).max
  if (hasBan || address.times.length > 4 * most) drop(address, most, horizon)
}

function createBans(trials: number): Bans {
  return {
    counted: new Uint32Array(trials),
    from: new Float64Array(trials).fill(Number.POSITIVE_INFINITY),
    until: new Float64Array(trials).fill(Number.NEGATIVE_INFINITY),
  }
}

/** Keeps the times in order; nearly always the new one is the last. @returns its place */
function insert(address: Address, time: number): number {
  const { times, ordinals } = address
  address.count += 1
  let at = times.length
  while (at > 0 && (times[at - 1] as number) > time) at -= 1
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
  const time = times[at] as number
  if (!isMixed) {
    const first = at - max + 1
    return first >= 0 && (ordinals[first] as number) > counted && time - (times[first] as number) <= find
  }
  const near = [time]
  const isNear = (place: number) => Math.abs((times[place] as number) - time) <= find
  for (let place = at - 1; place >= 0 && near.length < max && isNear(place); place--)
    if ((ordinals[place] as number) > counted) near.unshift(times[place] as number)
  const before = near.length
  for (let place = at + 1; place < times.length && near.length - before < max - 1 && isNear(place); place++)
    if ((ordinals[place] as number) > counted) near.push(times[place] as number)
  for (let first = 0; first + max <= near.length; first++)
    if ((near[first + max - 1] as number) - (near[first] as number) <= find) return true
  return false
}

/** Drops the failures that count for no trial any more. */
function drop(address: Address, most: number, horizon: number): void {
  const { times, ordinals, bans } = address
  const counted = bans ? Math.min(...bans.counted) : 0
  const kept = times.flatMap((time, place) =>
    time >= horizon && (ordinals[place] as number) > counted ? [place] : [],
  )
  // where all came in order, no window reaches further back than the largest `max`
  const places = address.isMixed ? kept : kept.slice(-most)
  address.times = places.map(place => times[place] as number)
  address.ordinals = places.map(place => ordinals[place] as number)
  address.isMixed = address.ordinals.some((ordinal, place) => ordinal < (address.ordinals[place - 1] ?? 0))
}
