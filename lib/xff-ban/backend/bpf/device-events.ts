import { watchLinks } from './link-watch.js'

/** Where only devices have changed, the rest is checked no more often than this, in milliseconds. */
const FULL_EVERY_MS = 10_000
/** So many seconds after a change NAT is looked at again: whoever makes containers does that last. */
const LATE_RULES_S = 2

/** What is to be looked at when devices come and go. */
export interface DeviceEvents {
  /** whether devices may have changed since `take`; to be asked each second */
  alarmed: () => boolean
  /** Calls back at once when they have. @returns ends that */
  watch: (onEvent: () => void) => () => void
  /**
   * All events so far are dealt with.
   * @param sinceBoot a clock that nobody sets, in milliseconds
   * @returns whether it is enough to follow the devices, since the rest was checked a moment ago
   */
  take: (sinceBoot: number) => boolean
  /** All has been checked. */
  checked: (sinceBoot: number) => void
}

/**
 * @param isBehind whether devices have come or gone, looked up anew
 * @param isOpen whether anything is attached to devices
 */
export function createDeviceEvents(isBehind: () => boolean, isOpen: () => boolean): DeviceEvents {
  let [isTouched, secondsLeft] = [false, 0]
  let nextFullAt = 0
  return {
    alarmed() {
      if (secondsLeft > 0 && --secondsLeft === 0) isTouched = true
      return isTouched || isBehind()
    },
    watch: onEvent =>
      watchLinks(() => {
        if (!isOpen()) return
        ;[isTouched, secondsLeft] = [true, LATE_RULES_S]
        onEvent()
      }),
    take(sinceBoot) {
      const hasChanged = isTouched || isBehind()
      isTouched = false
      return hasChanged && sinceBoot < nextFullAt
    },
    checked(sinceBoot) {
      nextFullAt = sinceBoot + FULL_EVERY_MS
    },
  }
}
