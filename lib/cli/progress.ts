import { clockDuration } from '../text/duration.js'
import type { Input } from './stdin.js'

/** How often it is drawn; a run that is shorter is over before it is drawn at all. */
const INTERVAL_MS = 250

/** One line at the foot of a terminal: how much of the input is read, how fast, and how long it will take. */
export interface Progress {
  start: () => void
  /** Makes room for a message; the line comes back by itself. */
  clear: () => void
  stop: () => void
}

/**
 * Progress for a command that reads a file while a person looks on: stdin is a regular file, stderr is a
 * terminal, and the records go somewhere else. Anywhere else it does nothing at all.
 * Nothing is done for each chunk.
 */
export function createProgress(
  command: string,
  { size: total, bytesRead }: Pick<Input, 'size' | 'bytesRead'>,
): Progress {
  const { stderr, stdout, env } = process
  if (total === 0 || !stderr.isTTY || stdout.isTTY || env.TERM === 'dumb') {
    return { start() {}, clear() {}, stop() {} }
  }
  let timer: NodeJS.Timeout | undefined
  let drawn = false
  const clear = () => {
    if (drawn) stderr.write('\r\x1b[K')
    drawn = false
  }
  return {
    start() {
      const began = performance.now()
      const draw = () => {
        const line = progressLine(command, {
          read: bytesRead(),
          total,
          milliseconds: performance.now() - began,
        })
        // a line that wraps could not be cleared
        stderr.write(`\r${line.slice(0, (stderr.columns || 80) - 1)}\x1b[K`)
        drawn = true
      }
      timer = setInterval(draw, INTERVAL_MS).unref()
    },
    clear,
    stop() {
      clearInterval(timer)
      clear()
    },
  }
}

/** `uwsgi-parse: 42%, 118 MB of 281 MB, 96.0 MB/s, 2 s left` */
export function progressLine(
  command: string,
  { read, total, milliseconds }: { read: number; total: number; milliseconds: number },
): string {
  // a log may grow while it is read
  const whole = Math.max(read, total)
  const rate = (1000 * read) / Math.max(1, milliseconds)
  const left = rate > 0 ? `, ${clockDuration((whole - read) / rate)} left` : ''
  return `${command}: ${Math.floor((100 * read) / whole)}%, ${size(read)} of ${size(whole)}, ${size(rate)}/s${left}`
}

/** Bytes to three digits. */
function size(bytes: number): string {
  let rest = bytes
  let unit = 0
  while (rest >= 999.5 && unit < 4) {
    rest /= 1000
    unit += 1
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2
  return `${rest.toFixed(digits)} ${['B', 'kB', 'MB', 'GB', 'TB'][unit]}`
}
