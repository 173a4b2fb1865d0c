import type { Answer } from '../wire/field.js'
import { formatInstant } from '../wire/instant.js'
import { kindName } from '../wire/problem.js'
import type { LastBan } from './bans.js'
import type { Digest } from './digest.js'
import { amount, counted, markedMoment, type Period, percent, span } from './format.js'
import type { Frequency } from './frequent.js'
import { type Html, html } from './html.js'
import type { NetworkRow, NetworksDigest } from './networks.js'
import type { Trouble } from './troubles.js'

interface Column<R> {
  name: string
  /** its style: numbers are aligned to the right, a text may be broken anywhere */
  kind?: 'address' | 'when' | 'number' | 'count' | 'text'
  cell: (row: R) => Html
}

/**
 * A table that is a list of cards on a phone. ARIA roles are explicit because browsers drop the implicit ones when CSS
 * changes the display of a table. The first column is the header of the row.
 */
function table<R>(caption: string, columns: readonly Column<R>[], rows: readonly R[]): Html {
  const cell = ({ name, kind, cell }: Column<R>, row: R, i: number) =>
    i === 0
      ? html`<th scope="row" role="rowheader" class="${kind ?? ''}">${cell(row)}</th>`
      : html`<td role="cell" class="${kind ?? ''}" data-name="${name}">${cell(row)}</td>`
  return html`<table role="table" class="cards">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(({ name, kind = '' }) => html`<th scope="col" role="columnheader" class="${kind}"><span>${name}</span></th>`)}</tr></thead>
<tbody role="rowgroup">
${rows.map(row => html`<tr role="row">${columns.map((column, i) => cell(column, row, i))}</tr>\n`)}</tbody>
</table>`
}

export function worstAddresses({ addresses: { top, distinct, complete }, unbanned, totals }: Digest): Html {
  if (top.length === 0) return html`<p class="none">No failure of a known client in these records.</p>`
  const most = Math.max(...top.map(({ count }) => count))
  type Row = (typeof top)[number]
  const columns: Column<Row>[] = [
    { name: 'Address', kind: 'address', cell: ({ key }) => html`<code>${key}</code>` },
    ...(top.some(({ network }) => network !== undefined)
      ? [{ name: 'Network', kind: 'text', cell: ({ network }: Row) => html`${network}` } as const]
      : []),
    { name: 'Failures', kind: 'count', cell: row => bar(row, row.details.serverErrors, most) },
    ...serverErrorColumn(top),
    { name: 'Bans', kind: 'number', cell: ({ bans }) => paleIfNone(bans) },
    { name: 'First', kind: 'when', cell: ({ details }) => markedMoment(details.first, totals) },
    { name: 'Last', kind: 'when', cell: ({ details }) => markedMoment(details.newest, totals) },
    {
      name: 'Last failure',
      kind: 'text',
      cell: ({ details: { answer, agent } }) =>
        html`${request(answer.get())}${agent === undefined ? '' : html` <span class="agent"><code>${agent}</code></span>`}`,
    },
  ]
  const shown = showing(top.length, distinct, complete, 'address', 'addresses')
  const why =
    unbanned &&
    html`<p class="note">Why <code>${unbanned.ip}</code> was not banned, with ${counted(unbanned.failures, 'failure')}: ${unbanned.why}</p>`
  return html`${table(`${shown}, most failures first`, columns, top)}${lowerBounds(complete)}${why}`
}

export function worstNetworks(
  { top, distinct, complete, allAddresses, unlisted }: NetworksDigest,
  period: Period,
): Html {
  const others =
    unlisted > 0
      ? html`<p class="note">${counted(unlisted, 'failure')} of addresses that are not in the table of networks.</p>`
      : undefined
  if (top.length === 0) return html`<p class="none">No failure of an address of the table.</p>${others}`
  const most = Math.max(...top.map(({ count }) => count))
  const atLeast = allAddresses ? undefined : html`<abbr title="at least">≥</abbr> `
  const columns: Column<NetworkRow>[] = [
    { name: 'Network', kind: 'text', cell: ({ key }) => html`${key}` },
    { name: 'Failures', kind: 'count', cell: row => bar(row, row.details.serverErrors, most) },
    ...serverErrorColumn(top),
    { name: 'Addresses', kind: 'number', cell: ({ addresses }) => html`${atLeast}${amount(addresses)}` },
    { name: 'Banned', kind: 'number', cell: ({ bans }) => paleIfNone(bans) },
    { name: 'Last', kind: 'when', cell: ({ details }) => instant(details.newest, period) },
  ]
  const shown = showing(top.length, distinct, complete, 'network', 'networks')
  return html`${table(`${shown}, most failures first`, columns, top)}${lowerBounds(complete && allAddresses)}${others}`
}

export function worstPaths({ paths: { top, distinct, complete }, totals }: Digest): Html {
  if (top.length === 0) return html`<p class="none">No failure with a path in these records.</p>`
  const most = Math.max(...top.map(({ count }) => count))
  type Row = (typeof top)[number]
  const columns: Column<Row>[] = [
    { name: 'Path', kind: 'text', cell: ({ key }) => html`<code>${key}</code>` },
    { name: 'Failures', kind: 'count', cell: row => bar(row, row.details.serverErrors, most) },
    ...serverErrorColumn(top),
    { name: 'Last', kind: 'when', cell: ({ details }) => instant(details.newest, totals) },
  ]
  const shown = showing(top.length, distinct, complete, 'path', 'paths')
  return html`${table(`${shown} as logged, without the query, most failures first`, columns, top)}${lowerBounds(complete)}`
}

export function bansInForce({ inForce: { top, all, complete }, now, totals, options }: Digest): Html {
  if (totals.bans === 0)
    return html`<p class="none">No ban records came in. Give what <code>xff-ban</code> writes, too, to see who is banned.</p>`
  const isOfNow = options.now !== undefined
  if (all === 0)
    return html`<p class="none">Every ban ${isOfNow ? 'is over.' : 'was over at the time of the newest record.'}</p>`
  const columns: Column<LastBan>[] = [
    { name: 'Address', kind: 'address', cell: ({ ip }) => html`<code>${ip}</code>` },
    { name: 'Since', kind: 'when', cell: ({ from }) => markedMoment(from, totals) },
    { name: 'Until', kind: 'when', cell: ({ until }) => markedMoment(until, totals) },
    { name: 'Left', kind: 'number', cell: ({ until }) => html`${span(until - now)}` },
    { name: 'Failures', kind: 'number', cell: ({ failures }) => paleIfNone(failures) },
    { name: 'Bans', kind: 'number', cell: ({ count }) => paleIfNone(count) },
    ...(top.some(({ hits }) => hits !== undefined)
      ? [{ name: 'Packets stopped', kind: 'number', cell: ({ hits }: LastBan) => paleIfNone(hits) } as const]
      : []),
    ...reasonColumns(top),
  ]
  const shown = showing(top.length, all, complete, 'ban', 'bans')
  const time = `Where a record does not say when its ban ends, ${span(options.time)} are assumed.`
  return html`${table(`${shown}, the latest end first`, columns, top)}
<p class="note">${isOfNow ? undefined : html`As of <time datetime="${formatInstant(now)}">the newest record</time>. `}${time}</p>`
}

export function bansOver({ over: { top, all, complete }, rules, totals }: Digest): Html {
  const byRule = rules.map(
    ([rule, bans], i) => html`${i > 0 ? ', ' : ''}<code>${rule}</code> ${amount(bans)}`,
  )
  const rulesNote = rules.length > 0 ? html`<p class="note">Bans by rule: ${byRule}.</p>` : undefined
  if (all === 0) return html`<p class="none">None.</p>${rulesNote}`
  const columns: Column<LastBan>[] = [
    { name: 'Address', kind: 'address', cell: ({ ip }) => html`<code>${ip}</code>` },
    { name: 'Since', kind: 'when', cell: ({ from }) => markedMoment(from, totals) },
    { name: 'Until', kind: 'when', cell: ({ until }) => markedMoment(until, totals) },
    {
      name: 'Ended',
      cell: ({ unbanned, ended = 'asked' }) => html`${unbanned && ended !== 'expired' ? ended : 'by itself'}`,
    },
    { name: 'Failures', kind: 'number', cell: ({ failures }) => paleIfNone(failures) },
    { name: 'Bans', kind: 'number', cell: ({ count }) => paleIfNone(count) },
    ...reasonColumns(top),
  ]
  const shown = showing(top.length, all, complete, 'address', 'addresses')
  return html`${table(`The last ban of ${shown}, the latest end first`, columns, top)}${rulesNote}`
}

/** Why somebody was banned; columns in which nothing would stand are left out. */
function reasonColumns(rows: readonly LastBan[]): Column<LastBan>[] {
  const columns: Column<LastBan>[] = []
  if (rows.some(({ rule }) => rule !== undefined))
    columns.push({ name: 'Rule', cell: ({ rule }) => html`<code>${rule}</code>` })
  if (rows.some(({ reason }) => reason !== undefined))
    columns.push({ name: 'Reason', kind: 'text', cell: ({ reason }) => html`${reason}` })
  columns.push({
    name: 'Last failure',
    kind: 'text',
    cell: ({ last }) => (last ? request(last) : paleIfNone(undefined)),
  })
  return columns
}

/** What the records of xff-ban say went wrong. */
export function wentWrong({ troubles: { problems, held }, totals }: Digest): Html {
  const { failures, unattributed } = totals
  const columns: Column<Trouble>[] = [
    { name: 'What', cell: ({ kind }) => html`<b>${capital(kindName(kind))}</b>` },
    { name: 'From', kind: 'when', cell: ({ from }) => markedMoment(from, totals) },
    {
      name: 'Until',
      kind: 'when',
      cell: ({ until }) =>
        until === undefined ? html`<b class="status">lasts</b>` : markedMoment(until, totals),
    },
    { name: 'Told', kind: 'number', cell: ({ told }) => html`${amount(told)}` },
    { name: 'Why', kind: 'text', cell: ({ reason }) => html`${reason}` },
  ]
  const shown = showing(problems.top.length, problems.all, true, 'problem', 'problems')
  const notes = [
    held.all > 0 &&
      html`${counted(held.all, 'ban')} ${held.all === 1 ? 'was' : 'were'} held back by <code>--brake</code>, ${amount(held.waiting.length)} of them still${held.waiting.length > 0 ? html` (${held.waiting.slice(0, MAX_NAMED).join(', ')}${held.waiting.length > MAX_NAMED ? ', …' : ''})` : ''}: ${held.reason}`,
    unattributed > 0 &&
      html`${counted(unattributed, 'failure')}, ${percent(unattributed, failures)} of all, ${unattributed === 1 ? 'has' : 'have'} no known client, so that nobody is banned for ${unattributed === 1 ? 'it' : 'them'}: <code>uwsgi-parse --explain</code> says why.`,
  ].filter(note => note !== false)
  if (problems.all === 0 && notes.length === 0)
    return html`<p class="none">Nothing that these records tell of.</p>`
  return html`${problems.all > 0 ? table(`${shown}, the latest begin first`, columns, problems.top) : undefined}${notes.map(note => html`<p class="note">${note}</p>`)}`
}

/** How many addresses a sentence names. */
const MAX_NAMED = 10

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** No column if there are no server errors. */
function serverErrorColumn<T extends { serverErrors: number }>(rows: readonly { details: T }[]) {
  if (rows.every(({ details }) => details.serverErrors === 0)) return []
  const cell = ({ details }: { details: T }) => paleIfNone(details.serverErrors)
  return [{ name: 'of them 5xx', kind: 'number', cell } as const]
}

/** A count as a number and as a bar, whose darker end are the server errors. */
function bar({ count, uncounted }: Frequency, serverErrors: number, most: number): Html {
  const share = (part: number) => Math.round((1000 * part) / most) / 10
  const atLeast = uncounted > 0 ? html`<abbr title="at least">≥</abbr> ` : undefined
  return html`<div><span>${atLeast}${amount(count)}</span><svg class="bar" aria-hidden="true"><rect class="fail" width="${share(count)}%" height="100%"/><rect class="server" width="${share(serverErrors)}%" height="100%"/></svg></div>`
}

function request({ status, method, uri }: Answer): Html {
  return html`${status === undefined ? undefined : html`<b class="status">${status}</b> `}<code>${method} ${uri}</code>`
}

/** A number, in a pale colour if it is 0 or not known. */
function paleIfNone(count: number | undefined): Html {
  return count ? html`${amount(count)}` : html`<span class="soft">${count ?? 'not known'}</span>`
}

function instant(at: number, period: Period): Html {
  return Number.isFinite(at) ? markedMoment(at, period) : paleIfNone(undefined)
}

/** `20 of 1,234 addresses`; "more than" if some were dropped. */
function showing(shown: number, all: number, complete: boolean, one: string, many: string): string {
  if (complete && shown === all) return counted(all, one, many)
  return `${amount(shown)} of ${complete ? '' : 'more than '}${counted(all, one, many)}`
}

function lowerBounds(complete: boolean): Html | undefined {
  if (complete) return undefined
  return html`<p class="note">There were too many to remember all. A number after ≥ may leave out some that came early.</p>`
}
