import { see } from './client'
import { reach } from './host'

/** Of the lines whose status nobody wants, one in so many is read all the same. */
const SAMPLED_LINES: u32 = 16

// what was counted since the host last took it, for the tally of the stretch
export let stretchRequests: i32 = 0
export let stretchFailures: i32 = 0
export let stretchErrors: i32 = 0

/** Which stretch it is, from 1 on; 0 where nobody wants tallies. */
let stretch: u32 = 0
// the times that are within it
let from: f64 = -Infinity
let to: f64 = Infinity

/** Begins a stretch. */
export function beginStretch(first: f64, end: f64): void {
  from = first
  to = end
  stretch += 1
}

export function clearStretch(): void {
  stretchRequests = stretchFailures = stretchErrors = 0
}

export function isSampled(line: u32): bool {
  return stretch !== 0 && line % SAMPLED_LINES === 0
}

/** Is told of a request before it is counted. */
export function lookAt(client: usize, time: f64): void {
  if (!(time >= from && time < to)) reach(time)
  see(client, stretch)
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
