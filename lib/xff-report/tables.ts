import type { Answer } from '../wire/field.js'
import { formatInstant } from '../wire/instant.js'
import type { Digest } from './digest.js'
import { amount, counted, markedMoment, type Period, span } from './format.js'
import type { Frequency } from './frequent.js'
import { type Html, html } from './html.js'

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

export function worstAddresses({ addresses: { top, distinct, complete }, totals }: Digest): Html {
  if (top.length === 0) return html`<p class="none">No failure of a known client in these records.</p>`
  const most = Math.max(...top.map(({ count }) => count))
  type Row = (typeof top)[number]
  const columns: Column<Row>[] = [
    { name: 'Address', kind: 'address', cell: ({ key }) => html`<code>${key}</code>` },
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
  return html`${table(`${shown}, most failures first`, columns, top)}${lowerBounds(complete)}`
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
  type Row = (typeof top)[number]
  const columns: Column<Row>[] = [
    { name: 'Address', kind: 'address', cell: ({ ip }) => html`<code>${ip}</code>` },
    { name: 'Since', kind: 'when', cell: ({ from }) => markedMoment(from, totals) },
    { name: 'Until', kind: 'when', cell: ({ until }) => markedMoment(until, totals) },
    { name: 'Left', kind: 'number', cell: ({ until }) => html`${span(until - now)}` },
    { name: 'Failures', kind: 'number', cell: ({ failures }) => paleIfNone(failures) },
    { name: 'Bans', kind: 'number', cell: ({ count }) => paleIfNone(count) },
    ...(top.some(({ hits }) => hits !== undefined)
      ? [{ name: 'Packets stopped', kind: 'number', cell: ({ hits }: Row) => paleIfNone(hits) } as const]
      : []),
    ...(top.some(({ why }) => why !== undefined)
      ? [{ name: 'Why', kind: 'text', cell: ({ why }: Row) => html`${why}` } as const]
      : []),
    {
      name: 'Last failure',
      kind: 'text',
      cell: ({ last }) => (last ? request(last) : paleIfNone(undefined)),
    },
  ]
  const shown = showing(top.length, all, complete, 'ban', 'bans')
  const time = `Where a record does not say when its ban ends, ${span(options.time)} are assumed.`
  return html`${table(`${shown}, the latest end first`, columns, top)}
<p class="note">${isOfNow ? undefined : html`As of <time datetime="${formatInstant(now)}">the newest record</time>. `}${time}</p>`
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
