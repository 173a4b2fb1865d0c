import { compactDuration } from '../../text/duration.js'
import { excerpt } from '../../text/printable.js'
import { textTable } from '../../text/text-table.js'
import { parseInstant } from '../../wire/instant.js'
import type { BanRecord } from '../../wire/record.js'

/** Bans as a table for people: who, for how much longer, how often so far, what it has stopped if known, and why. */
export function banTable(bans: readonly BanRecord[], now: number): string {
  const counted = bans.some(({ hits }) => hits !== undefined)
  const lines = textTable(
    ['BANNED', 'ENDS IN', 'UNTIL', 'COUNT', ...(counted ? ['HITS'] : []), 'FAILURES', 'THE LAST OF THEM'],
    bans.map(({ ip, until = '', count, hits, failures, last }) => [
      ip,
      compactDuration(Math.ceil((parseInstant(until) - now) / 1000)),
      until.replace(/\.\d+Z$/, 'Z'),
      `${count ?? ''}`,
      ...(counted ? [`${hits ?? ''}`] : []),
      `${failures ?? ''}`,
      excerpt([last?.status, last?.method, last?.uri].filter(part => part !== undefined).join(' ')),
    ]),
  )
  return lines.map(line => `${line}\n`).join('')
}
