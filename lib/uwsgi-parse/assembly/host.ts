/** What the module leaves to its host, where it is told of places in the module's memory. */

/** Reads a line with the full grammar, and writes its record behind the output. Returns whether it is a request. */
export declare function parseFully(start: usize, end: usize, line: i32): bool

/** Makes room in the output. */
export declare function flush(): void

/**
 * The instant that the date of a layout means, if that can be told from the line alone; else NaN. Has the module keep how
 * long the date is.
 */
export declare function dateOf(start: usize, end: usize): f64

/** Writes the minute of an instant as records do, `2026-11-22T14:06:`. */
export declare function writeMinute(to: usize, instant: f64): void

/** Writes the client of the address slot that a place begins with, and has the module keep what else there is to say. */
export declare function fillClient(place: usize, length: usize): void

/** Is told of a time that is not within the stretch, and begins another one. */
export declare function reach(time: f64): void

/** Is told of a request that came from one private address alone. */
export declare function countPrivate(start: usize, length: usize): void

/** Counts a record, by the address slot of its line. Returns whether it wants to count the next one, too. */
export declare function countRecord(start: usize, length: usize): bool
