import { excerpt } from '../../text/printable.js'
import { parseInstant } from '../../wire/instant.js'
import type { BanRecord } from '../../wire/record.js'

/** The seconds of a unit, the longest first. */
const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'm'],
  [1, 's'],
] as const

/** Bans as a table for people: who, how much longer, the how manieth time, what it has stopped if known, and why. */
export function banTable(bans: readonly BanRecord[], now: number): string {
  const counted = bans.some(({ hits }) => hits !== undefined)
  const rows = [
    ['BANNED', 'ENDS IN', 'UNTIL', 'COUNT', ...(counted ? ['HITS'] : []), 'FAILURES', 'THE LAST OF THEM'],
    ...bans.map(({ ip, until = '', count, hits, failures, last }) => [
      ip,
      timeLeft(parseInstant(until) - now),
      until.replace(/\.\d+Z$/, 'Z'),
      `${count ?? ''}`,
      ...(counted ? [`${hits ?? ''}`] : []),
      `${failures ?? ''}`,
      excerpt([last?.status, last?.method, last?.uri].filter(part => part !== undefined).join(' ')),
    ]),
  ]
  const widths = (rows[0] as string[]).map((_, i) => Math.max(...rows.map(row => (row[i] as string).length)))
  const line = (row: string[]) => row.map((cell, i) => cell.padEnd(widths[i] as number)).join('  ')
  return rows.map(row => `${line(row).trimEnd()}\n`).join('')
}

/** `1h 05m`, `45s`: the two greatest units. */
export function timeLeft(milliseconds: number): string {
  let seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  const parts: string[] = []
  for (const [size, unit] of UNITS) {
    if (parts.length === 0 && seconds < size) continue
    const amount = Math.floor(seconds / size)
    parts.push(`${parts.length > 0 ? String(amount).padStart(2, '0') : amount}${unit}`)
    seconds -= amount * size
  }
  return parts.slice(0, 2).join(' ') || '0s'
}
