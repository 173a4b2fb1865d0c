import { closeSync, copyFileSync, ftruncateSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { RATE, type Traffic } from './traffic.js'

/** How often lines are written, and how long uWSGI takes to open the new file or logrotate to copy, in milliseconds. */
const TICK_MS = 50
const GAP_MS = 1_000

/** A log that uWSGI would write, and all lines of it in one file that nobody rotates. */
export interface LiveLog {
  path: string
  /** everything that attackers did, in the order of the log */
  whole: string
  lines: () => number
  /** how many lines were written where the examples for logrotate say that they may be lost */
  inGaps: () => number
  size: () => number
  /** As share/examples/logrotate-reopen: uWSGI writes to the renamed file until it opens the new one. */
  rename: (caughtUp: () => Promise<unknown>) => Promise<void>
  /** As share/examples/logrotate-copytruncate: what is written between the copy and the truncation is lost. */
  copyTruncate: (caughtUp: () => Promise<unknown>) => Promise<void>
  /** Writes the last lines. @returns the client that is banned for them */
  end: () => string
}

/** Begins to write. While a rotation may lose lines, those of attackers wait, so that what a user sees is still the truth. */
export function startLog(path: string, whole: string, traffic: Traffic): LiveLog {
  const open = () => openSync(path, 'a')
  const all = openSync(whole, 'a')
  let log = open()
  let [written, inGaps] = [0, 0]
  let inGap = false
  let last = performance.now()

  const write = () => {
    const due = Math.floor(((performance.now() - last) * RATE) / 1000)
    last += (due * 1000) / RATE
    const lines = Array.from({ length: due }, () => traffic.line(Date.now(), !inGap))
    const text = lines.join('')
    writeSync(log, text)
    writeSync(all, text)
    written += due
    if (inGap) inGaps += due
  }
  const timer = setInterval(write, TICK_MS)

  const rotate = async (caughtUp: () => Promise<unknown>, steps: [() => void, () => void]) => {
    write()
    inGap = true
    try {
      await caughtUp()
      steps[0]()
      await pause(GAP_MS)
      write()
      steps[1]()
    } finally {
      inGap = false
    }
  }

  return {
    path,
    whole,
    lines: () => written,
    inGaps: () => inGaps,
    size: () => statSync(path).size,
    rename(caughtUp) {
      const reopen = () => {
        closeSync(log)
        log = open()
      }
      return rotate(caughtUp, [() => renameSync(path, `${path}.1`), reopen])
    },
    copyTruncate(caughtUp) {
      return rotate(caughtUp, [() => copyFileSync(path, `${path}.1`), () => ftruncateSync(log)])
    },
    end() {
      clearInterval(timer)
      write()
      const { ip, lines } = traffic.last(Date.now())
      for (const file of [log, all]) writeSync(file, lines.join(''))
      return ip
    },
  }
}
