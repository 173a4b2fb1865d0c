/** How many records may wait for the reader of our output before the input has to. */
const MAX_UNREAD = 20_000
/** How long the input waits for a reader that takes none of them. */
const STALLED_MS = 10_000

/** A slow reader holds up the input; one that does not read at all must not keep bans from being enforced. */
export interface ReaderWatch {
  /** whether the input has to wait for the reader */
  isBehind: () => boolean
  /** Whether one more record may wait for the reader; if not, it is counted as lost. */
  accepts: () => boolean
  stop: () => void
}

export interface Options {
  /** how many records the reader has not taken yet */
  unread: () => number
  /** whether the input waits however long it takes, as in a replay: nothing is enforced then */
  forever: boolean
  /** is called when the input need not wait any more */
  resume: () => void
  warn: (message: string) => void
}

export function watchReader({ unread, forever, resume, warn }: Options): ReaderWatch {
  let stalled = false
  let lost = 0
  let timer: NodeJS.Timeout | undefined

  /** Gives the reader some time to take a record. */
  const startTimer = () => {
    const before = unread()
    timer ??= setTimeout(() => {
      timer = undefined
      if (unread() < before) return isBehind() ? undefined : resume()
      stalled = true
      warn(
        `nobody reads stdout: bans are still enforced and journaled, but beyond ${MAX_UNREAD} records that wait ` +
          'they are no longer written there',
      )
      resume()
    }, STALLED_MS)
  }

  const catchUp = () => {
    if (!stalled) return
    stalled = false
    warn(`stdout is read again: ${lost} records were not written there, the journal has them`)
    lost = 0
  }

  const isBehind = (): boolean => {
    if (unread() < MAX_UNREAD) {
      catchUp()
      return false
    }
    if (stalled) return false
    if (!forever) startTimer()
    return true
  }

  return {
    isBehind,
    accepts() {
      if (unread() < MAX_UNREAD) catchUp()
      if (!stalled) return true
      lost += 1
      return false
    },
    stop: () => clearTimeout(timer),
  }
}
