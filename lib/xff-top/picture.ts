import { compactDuration } from '../text/duration.js'
import { type Cell, textTable } from '../text/text-table.js'
import type { Board, Present, Source, Told } from './board.js'
import { answerText } from './explain.js'
import { growthText } from './growth.js'
import { safe } from './safe.js'

/** How a line of the screen looks. */
export type Look = 'plain' | 'title' | 'head' | 'bad' | 'good' | 'chosen' | 'soft'
export interface Line {
  text: string
  look: Look
}

export interface Frame {
  columns: number
  rows: number
  /** which row of those that are at it is chosen; undefined: none */
  chosen: number | undefined
  /** what stands in the last row */
  foot: string
  /** what is shown in place of the tables */
  panel: string[] | undefined
}

/** Everything as plain text, `most` rows of each table. */
export function plainText(board: Board, most = 20): string {
  const parts = [
    ...sourceLines(board, 200),
    growthText(board.growth),
    '',
    ...presentLines(board, most).map(({ text }) => text),
    '',
    ...pathLines(board, most).map(({ text }) => text),
    '',
    ...banLines(board, most).map(({ text }) => text),
  ]
  return `${parts.map(part => (typeof part === 'string' ? part : part.text)).join('\n')}\n`
}

/** The screen, as so many lines at most of so many columns each. */
export function picture(board: Board, { columns, rows, chosen, foot, panel }: Frame): Line[] {
  const clock = new Date(board.now).toISOString().slice(11, 19)
  const title = `xff-top  ${clock} UTC`
  const help = 'arrows / find  e why  u unban  q quit'
  const top: Line[] = [
    { text: title + help.padStart(Math.max(1, columns - title.length)), look: 'title' },
    ...sourceLines(board, Math.max(3, Math.floor(rows / 4))),
    { text: growthText(board.growth), look: 'plain' },
  ]
  const room = Math.max(0, rows - top.length - 1)
  const middle = panel ? panel.map(text => ({ text, look: 'plain' }) as const) : tables(board, room, chosen)
  const shown = [...top, ...middle].slice(0, rows - 1)
  while (shown.length < rows - 1) shown.push({ text: '', look: 'plain' })
  return [...shown, { text: foot, look: 'soft' } as const].map(({ text, look }) => ({
    text: text.slice(0, columns),
    look,
  }))
}

/** Three tables in the room that there is: what one does not need is left to the others. */
function tables(board: Board, room: number, chosen: number | undefined): Line[] {
  // each has a blank line and its heads
  const rows = Math.max(3, room - 6)
  const [present, bans, paths] = shares(rows, [board.present.length, board.bans.length, board.paths.length])
  const blank: Line = { text: '', look: 'plain' }
  return [
    blank,
    ...presentLines(board, present ?? 0, chosen),
    blank,
    ...banLines(board, bans ?? 0),
    blank,
    ...pathLines(board, paths ?? 0),
  ]
}

/** So many rows for each, as fair as it goes. */
function shares(rows: number, wanted: readonly number[]): number[] {
  const given = wanted.map(() => 0)
  for (let left = rows; left > 0; ) {
    const hungry = given.map((got, i) => got < Math.max(1, wanted[i] ?? 0))
    if (!hungry.includes(true)) break
    for (const [i, isHungry] of hungry.entries()) {
      if (!isHungry || left === 0) continue
      given[i] = (given[i] ?? 0) + 1
      left -= 1
    }
  }
  return given
}

function sourceLines({ sources }: Board, most: number): Line[] {
  if (sources.length === 0) return [{ text: 'no jail is here: no journal in the folder', look: 'bad' }]
  const [head = '', ...lines] = textTable(
    ['JAIL', 'IS', 'NEWEST', 'REQ/S', 'BANS', 'HELD', 'NO EFFECT', 'BY'],
    sources.map(source => [
      safe(source.name, 28),
      source.state,
      source.age === undefined ? '?' : compactDuration(Math.round(source.age / 1000)),
      source.rate === undefined ? '?' : source.rate.toFixed(1),
      source.bans,
      source.held,
      source.ineffective,
      safe(source.way, 60),
    ]),
  )
  return [
    { text: head, look: 'head' } as const,
    ...sources.flatMap((source, i) => [
      { text: lines[i] ?? '', look: lookOf(source) },
      ...source.problems.map(text => ({ text: `  ! ${safe(text, 180)}`, look: lookOf(source) })),
    ]),
  ].slice(0, most)
}

function lookOf({ state }: Source): Look {
  return state === 'ok' ? 'good' : state === 'unknown' ? 'soft' : 'bad'
}

function presentLines({ present }: Board, most: number, chosen?: number): Line[] {
  // the one that is chosen is in sight
  const from = chosen === undefined ? 0 : Math.max(0, Math.min(chosen - most + 1, present.length - most))
  const shown = present.slice(from, from + most)
  const isMany = new Set(present.map(({ source }) => source)).size > 1
  const [head = '', ...lines] = textTable(
    ['  AT IT NOW', ...(isMany ? ['JAIL'] : []), 'REFUSED', '/MIN', 'LAST', 'FAILED', 'THE LAST OF THEM'],
    shown.map((one, i): Cell[] => [
      `${from + i === chosen ? '>' : ' '} ${safe(one.ip, 45)}`,
      ...(isMany ? [safe(one.source, 28)] : []),
      one.hits === undefined ? (one.isBanned ? 'banned' : '') : String(one.hits),
      one.rate > 0 ? String(one.rate) : '',
      timeOf(one),
      one.failures,
      answerText(one.answer),
    ]),
  )
  const rows = lines.map((text, i): Line => ({ text, look: from + i === chosen ? 'chosen' : 'plain' }))
  if (present.length === 0) rows.push({ text: '  nobody', look: 'soft' })
  return [{ text: head, look: 'head' }, ...rows]
}

function timeOf({ last }: Present): string {
  return last === 0 ? '' : new Date(last).toISOString().slice(11, 19)
}

function banLines({ bans, held }: Board, most: number): Line[] {
  const heldRows = held.map(record => ({
    record,
    state: 'held',
    source: record.source,
    why: `${record.failures ?? ''} failures, ${answerText(record.last)}`,
  }))
  // however many are held back, the last bans are in sight
  const room = Math.max(Math.ceil(most / 2), most - bans.length)
  const rows = [...heldRows.slice(0, room), ...bans.map(ban => ({ ...ban, why: whyOf(ban) }))].slice(0, most)
  const [head = '', ...lines] = textTable(
    ['LAST BANS', 'TIME', 'IS', 'UNTIL', 'WHY'],
    rows.map(({ record, state, why }) => [
      safe(record.ip, 45),
      (record.time ?? '').slice(11, 19),
      state,
      'until' in record ? (record.until ?? '').slice(11, 16) : '',
      why,
    ]),
  )
  const body = lines.map((text): Line => ({ text, look: 'plain' }))
  if (rows.length === 0) body.push({ text: 'none', look: 'soft' })
  return [{ text: head, look: 'head' }, ...body]
}

function whyOf({ record: { rule, reason, by, failures, last } }: Told): string {
  return [
    rule === undefined ? undefined : `rule ${safe(rule, 40)}`,
    reason === undefined ? undefined : safe(reason, 60),
    by === undefined ? undefined : `by ${safe(by, 40)}`,
    failures === undefined ? undefined : `${failures} failures`,
    answerText(last) || undefined,
  ]
    .filter(part => part !== undefined)
    .join(', ')
}

function pathLines({ paths }: Board, most: number): Line[] {
  const [head = '', ...lines] = textTable(
    ['TIMES', 'PATH'],
    paths.slice(0, most).map(([path, count]) => [count, safe(path)]),
  )
  const body = lines.map((text): Line => ({ text, look: 'plain' }))
  if (paths.length === 0) body.push({ text: 'none', look: 'soft' })
  return [{ text: head, look: 'head' }, ...body]
}
