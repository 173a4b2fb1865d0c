/** How many late failures are told of first; then ten times as many, and so on. */
const FIRST_LATE_WARNING = 10

/**
 * Tells of failures out of order while the log is read: live, its end never comes.
 * @param late in milliseconds
 * @returns is told how many there are
 */
export function lateWarning(late: number, warn: (message: string) => void): (count: number) => void {
  let next = FIRST_LATE_WARNING
  return count => {
    if (count < next) return
    next *= 10
    warn(
      `${count} failures came more than ${late / 1000} s behind the one before: slow requests in a log-format without ` +
        'a duration, several logs in one, or clocks that differ. They are counted by their own time; a ban by a slow ' +
        'clock ends early',
    )
  }
}
