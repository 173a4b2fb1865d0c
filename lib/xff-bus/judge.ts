import { createLineTimes } from './line-time.js'
import { byteLines } from './lines.js'

/** Milliseconds that a record may be older, or newer, than the instant at which the broker got it. */
export interface Bounds {
  late: number
  ahead: number
}

export interface JudgeTally {
  /** records that count */
  records: number
  /** records that do not: too old, too new, without a time */
  late: number
  ahead: number
  timeless: number
}

/**
 * A record counts when the broker got it within `late` after its time, and no more than `ahead` before. Both instants are
 * in the stored batch: so it is the same live and in a replay, and no host with a wrong clock can make the records of
 * others late.
 */
export interface Judge {
  /** @returns the lines that count */
  judge: (lines: Buffer, at: number) => Buffer
  tally: JudgeTally
}

export function createJudge({ late, ahead }: Bounds): Judge {
  const tally: JudgeTally = { records: 0, late: 0, ahead: 0, timeless: 0 }
  const timeOf = createLineTimes()
  const counts = (line: Buffer, at: number): boolean => {
    const time = timeOf(line)
    if (time >= at - late && time <= at + ahead) {
      tally.records += 1
      return true
    }
    if (time < at) tally.late += 1
    else if (time > at) tally.ahead += 1
    else tally.timeless += 1
    return false
  }
  return {
    tally,
    judge(lines, at) {
      let kept: Buffer[] | undefined
      let start = 0
      let position = 0
      for (const line of byteLines(lines)) {
        const end = position + line.length
        if (!counts(line, at)) {
          kept ??= []
          if (position > start) kept.push(lines.subarray(start, position))
          start = end
        }
        position = end
      }
      if (!kept) return lines
      if (position > start) kept.push(lines.subarray(start, position))
      return Buffer.concat(kept)
    },
  }
}
