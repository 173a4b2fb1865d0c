import { PLACES, SAMPLED_LINES } from '../sampling'
import { isUnknown, markOf } from './client'
import { reach } from './host'

// what was counted since the host last took it, for the tally of the stretch
export let stretchRequests: i32 = 0
export let stretchFailures: i32 = 0
export let stretchErrors: i32 = 0
export let stretchClients: i32 = 0

/** By place, the number of the stretch that last saw a client there. */
export const marks = heap.alloc(4 * PLACES)

/** Which stretch it is, from 1 on; 0 where nobody wants tallies. */
let stretch: u32 = 0
// the times that are within it
let from: f64 = -Infinity
let to: f64 = Infinity

/** Begins a stretch. */
export function beginStretch(first: f64, end: f64, number: u32): void {
  from = first
  to = end
  stretch = number
}

export function clearStretch(): void {
  stretchRequests = stretchFailures = stretchErrors = stretchClients = 0
}

export function isSampled(line: u32): bool {
  return line % <u32>SAMPLED_LINES === 0
}

/** Is told of the time of a request before it is counted. */
export function lookAtTime(time: f64): void {
  if (!(time >= from && time < to)) reach(time)
}

/** Counts a client. */
export function saw(client: usize): void {
  if (isUnknown(client)) return
  const mark = marks + 4 * <usize>markOf(client)
  if (load<u32>(mark) === stretch) return
  store<u32>(mark, stretch)
  stretchClients += 1
}

/** Counts a request whose status nobody wants. */
export function countRequest(): void {
  stretchRequests += 1
}

export function countFailure(status: i32): void {
  stretchRequests += 1
  stretchFailures += 1
  if (status >= 500) stretchErrors += 1
}
