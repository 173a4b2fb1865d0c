/** What the module calls in its host. Positions are addresses in the memory of the module. */

/** Reads a line with the full parser, and counts it. */
export declare function parseFully(start: usize, end: usize, line: i32): void

/** When a minute began that is written as in `2026-11-22T14:06:`, in milliseconds since 1970; NaN for no minute. */
export declare function minuteOf(start: usize): f64

/** Keeps an address under an index. @returns 0 for a text that is no address */
export declare function keepAddress(start: usize, length: usize, index: u32): i32

/** Counts a failure of the address with an index, in the line from start to end. */
export declare function countFailure(index: u32, time: f64, start: usize, end: usize): void

/** Counts a failure of an IPv4 address, which is told as a number. */
export declare function countFailureOf(address: i32, time: f64, start: usize, end: usize): void

/** Keeps a URI without its query under an index. */
export declare function keepBare(start: usize, length: usize, index: u32): void

/** Counts a failure whose client is not known, in the line from start to end. */
export declare function countUnattributed(time: f64, start: usize, end: usize): void

/** Takes the output, since it is full. */
export declare function flush(): void

/** Whether failures of the address in a text are not counted. */
export declare function isIgnored(start: usize, length: usize): i32

/** Is told how many lines came late, when another one did. */
export declare function tellLate(lines: f64): void

/** Writes the ban that one of its errors has made, by the number of that. */
export declare function banKept(index: i32, since: f64): void
