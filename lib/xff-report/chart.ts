import { amount, clock, counted, date, day, markedMoment, type Period, span } from './format.js'
import { type Html, html } from './html.js'
import type { Bucket } from './timeline.js'

/** The parts of the chart from top to bottom, in pixels; horizontal positions are in percent. */
const FAILURES = { top: 18, height: 150 }
const BANS = { top: 196, height: 36 }
const HEIGHT = 262

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Distances between labels. */
const STEPS_MS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200].map(s => s * 1000)
/** As many labels as fit on a phone. */
const MAX_TICKS = 6

export interface ChartData {
  width: number
  buckets: readonly Bucket[]
}

/** Failures and bans over time, as a bar chart and as a table. */
export function chart({ width, buckets }: ChartData): Html {
  const first = buckets[0]
  const last = buckets.at(-1)
  if (!first || !last) return html`<p class="none">No failure or ban with a time in these records.</p>`
  const most = Math.max(...buckets.map(({ failures }) => failures))
  const mostBans = Math.max(...buckets.map(({ bans }) => bans))
  const newest = last.start + width - 1
  const share = 100 / buckets.length
  const columns = (of: 'failures' | 'bans', { top, height }: typeof BANS, full: number) =>
    buckets.flatMap((bucket, i) => {
      if (bucket[of] === 0) return []
      // at least two pixels, so that a small count is visible beside a large one
      const tall = Math.max(2, (height * bucket[of]) / full)
      return html`<rect x="${percentage((i + 0.1) * share)}" y="${round(top + height - tall)}" width="${percentage(0.8 * share)}" height="${round(tall)}"/>`
    })
  const full = roundUp(most)
  const busiest = buckets.find(({ failures }) => failures === most) ?? first
  const summary =
    `Failures and bans from ${date(first.start)} ${clock(first.start)} to ${date(newest)} ${clock(newest)} UTC.` +
    (most === 0
      ? ''
      : ` The most failures in ${span(width)}: ${amount(most)}, from ${date(busiest.start)} ${clock(busiest.start)}.`)
  return html`<figure>
<figcaption><span class="key fail">Failures</span><span class="key ban">Bans</span><span class="soft">each column is ${span(width)}, UTC</span></figcaption>
<svg class="chart" role="img" aria-label="${summary}" width="100%" height="${HEIGHT}">
${[full, full / 2].map(value => gridline(FAILURES.top + FAILURES.height * (1 - value / full), value))}
<g class="fail">${columns('failures', FAILURES, full)}</g>
<line x2="100%" y1="${FAILURES.top + FAILURES.height + 0.5}" y2="${FAILURES.top + FAILURES.height + 0.5}" class="axis"/>
<g class="ban">${columns('bans', BANS, Math.max(1, mostBans))}</g>
<line x2="100%" y1="${BANS.top + BANS.height + 0.5}" y2="${BANS.top + BANS.height + 0.5}" class="axis"/>
${ticks(first.start, last.start + width)}
${buckets.map((bucket, i) => tooltip(bucket, width, percentage(i * share), percentage(share)))}
</svg>
${table(buckets, width, { oldest: first.start, newest })}
</figure>`
}

function gridline(y: number, value: number): Html {
  if (!Number.isInteger(value)) return html``
  return html`<line x2="100%" y1="${round(y)}" y2="${round(y)}" class="grid"/><text x="0" y="${round(y - 4)}">${amount(value)}</text>`
}

/** An invisible column with a tooltip. */
function tooltip(bucket: Bucket, width: number, x: string, share: string): Html {
  const { failures, bans, start } = bucket
  if (failures === 0 && bans === 0) return html``
  const words = [failures > 0 && counted(failures, 'failure'), bans > 0 && counted(bans, 'ban')]
  return html`<rect class="point" x="${x}" y="0" width="${share}" height="${BANS.top + BANS.height}"><title>${day(start)} ${clock(start)} to ${clock(start + width)} UTC: ${words.filter(Boolean).join(', ')}</title></rect>`
}

/** Labels below the chart, at round instants. */
function ticks(from: number, to: number): Html[] {
  const days = Math.ceil((to - from) / (MAX_TICKS * DAY_MS))
  const step = STEPS_MS.find(step => (to - from) / step <= MAX_TICKS) ?? days * DAY_MS
  const labels: Html[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const x = (100 * (at - from)) / (to - from)
    const anchor = x < 4 ? 'start' : x > 96 ? 'end' : 'middle'
    labels.push(html`<line x1="${percentage(x)}" x2="${percentage(x)}" y1="${BANS.top + BANS.height}" y2="${BANS.top + BANS.height + 6}" class="axis"/>
<text x="${percentage(x)}" y="${HEIGHT - 8}" text-anchor="${anchor}">${label(at, step)}</text>`)
  }
  return labels
}

function label(at: number, step: number): string {
  if (at % DAY_MS === 0) return step > 300 * DAY_MS ? date(at) : day(at)
  return step < MINUTE_MS ? clock(at) : clock(at).slice(0, 5)
}

function table(buckets: readonly Bucket[], width: number, period: Period): Html {
  const rows = buckets.filter(({ failures, bans }) => failures > 0 || bans > 0)
  return html`<details><summary>The chart as a table</summary>
<table class="plain">
<caption>Failures and bans in each ${span(width)} that had any, UTC</caption>
<thead><tr><th scope="col">From</th><th scope="col" class="number">Failures</th><th scope="col" class="number">Bans</th></tr></thead>
<tbody>${rows.map(({ start, failures, bans }) => html`<tr><th scope="row">${markedMoment(start, period)}</th><td class="number">${amount(failures)}</td><td class="number">${amount(bans)}</td></tr>\n`)}</tbody>
</table></details>`
}

/** The next number of the form 1, 2, 4, 6 or 8 times a power of ten; half of it is whole, except for 1. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)))
  return ([1, 2, 4, 6, 8].find(times => times * power >= value) ?? 10) * power
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function percentage(value: number): string {
  return `${Math.round(value * 1000) / 1000}%`
}
