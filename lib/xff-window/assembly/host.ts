/** What the module leaves to its host, where it is told of places in the module's memory. */

/** Reads a line with the full reader, and counts it. */
export declare function readThoroughly(start: usize, end: usize, line: i32): void

/** When a minute began that is written as in `2026-11-22T14:06:`, in milliseconds since 1970; NaN for no minute. */
export declare function minuteOf(start: usize): f64

/** Remembers an address by a number; 0 for a text that is none. */
export declare function isAddress(start: usize, length: usize, index: u32): i32

/** Counts a failure of a remembered address, in the line from start to end. */
export declare function countFailure(index: u32, time: f64, start: usize, end: usize): void
