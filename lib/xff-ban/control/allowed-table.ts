import { compactDuration } from '../../text/duration.js'
import { excerpt } from '../../text/printable.js'
import { textTable } from '../../text/text-table.js'
import { parseInstant } from '../../wire/instant.js'
import type { Allowance } from '../jail/allowances.js'

/** Who is not to be banned, for people: for how much longer, since when, by whom and why. */
export function allowedTable(allowed: readonly Allowance[], now: number): string {
  const seconds = (instant: string) => instant.replace(/\.\d+Z$/, 'Z')
  const rows = allowed.map(record => [
    record.ip,
    record.until === undefined
      ? 'never'
      : compactDuration(Math.max(0, Math.ceil((parseInstant(record.until) - now) / 1000))),
    seconds(record.time ?? ''),
    excerpt(record.by ?? ''),
    record.type === 'unban' ? 'unbanned' : excerpt(record.note ?? ''),
  ])
  return textTable(['ALLOWED', 'ENDS IN', 'SINCE', 'BY', 'NOTE'], rows)
    .map(line => `${line}\n`)
    .join('')
}
