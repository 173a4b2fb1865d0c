import { compactDuration } from '../../text/duration.js'
import { excerpt } from '../../text/printable.js'
import { textTable } from '../../text/text-table.js'
import type { Answer } from '../../wire/field.js'
import { parseInstant } from '../../wire/instant.js'
import type { BanRecord, HeldRecord } from '../../wire/record.js'

/** Bans as a table for people, and below it those that are held back, if any. */
export function banTable(records: readonly (BanRecord | HeldRecord)[], now: number): string {
  const held = records.filter(record => record.type === 'held')
  const bans = tableOfBans(
    records.filter(record => record.type === 'ban'),
    now,
  )
  return [...bans, ...(held.length > 0 ? ['', ...tableOfHeld(held, now)] : [])]
    .map(line => `${line}\n`)
    .join('')
}

/** Who, for how much longer, how often so far, what it has stopped if known, and why. */
function tableOfBans(bans: readonly BanRecord[], now: number): string[] {
  const counted = bans.some(({ hits }) => hits !== undefined)
  const why = whyColumns(bans)
  return textTable(
    [
      ...['BANNED', 'ENDS IN', 'UNTIL', 'COUNT', ...(counted ? ['HITS'] : [])],
      ...[...why.map(([title]) => title), 'FAILURES', 'THE LAST OF THEM'],
    ],
    bans.map(({ ip, until = '', count, hits, failures, last, ...ban }) => [
      ip,
      compactDuration(Math.ceil((parseInstant(until) - now) / 1000)),
      until.replace(/\.\d+Z$/, 'Z'),
      `${count ?? ''}`,
      ...(counted ? [`${hits ?? ''}`] : []),
      ...why.map(([, field]) => excerpt(ban[field] ?? '')),
      `${failures ?? ''}`,
      answerText(last),
    ]),
  )
}

const WHY = [
  ['RULE', 'rule'],
  ['REASON', 'reason'],
  ['BY', 'by'],
] as const

/** Of the columns that say why and by whom, those in which something stands. */
function whyColumns(bans: readonly BanRecord[]) {
  return WHY.filter(([, field]) => bans.some(ban => ban[field] !== undefined))
}

function tableOfHeld(held: readonly HeldRecord[], now: number): string[] {
  return textTable(
    ['HELD BACK', 'FALLS IN', 'FAILURES', 'THE LAST OF THEM'],
    held.map(({ ip, falls, failures, last }) => [
      ip,
      compactDuration(Math.ceil((parseInstant(falls) - now) / 1000)),
      `${failures ?? ''}`,
      answerText(last),
    ]),
  )
}

function answerText(last: Answer | undefined): string {
  return excerpt([last?.status, last?.method, last?.uri].filter(part => part !== undefined).join(' '))
}
