import type { Digest } from './digest.js'
import { amount, counted, percent, span } from './format.js'
import { type Html, html } from './html.js'
import type { Outcome } from './what-if.js'

const atLeast = html`<abbr title="at least">≥</abbr> `

/** What other limits would have banned: a row for each --max, a column for each --find. */
export function otherLimits({ outcomes, totals, options, spared }: Digest): Html {
  const failures = totals.failures - totals.unattributed - spared
  const leftOut =
    spared === 0
      ? undefined
      : html` ${counted(spared, 'error')} of the app while it was ill (5xx) ${spared === 1 ? 'does' : 'do'} not count: <code>--outage</code>.`
  if (failures === 0)
    return html`<p class="none">No failure of a known client in these records.${leftOut}</p>`
  const finds = (outcomes[0] ?? []).map(({ find }) => find)
  const { max, find, time } = options
  const cell = (outcome: Outcome) => {
    const inUse = outcome.max === max && outcome.find === find
    const { addresses, more, stopped } = outcome
    return html`<td class="${shade(stopped, failures)}${inUse ? ' in-use' : ''}"><b>${more ? atLeast : undefined}${amount(addresses)} <small>${addresses === 1 ? 'address' : 'addresses'}</small></b> <span>${percent(stopped, failures)} <small>stopped</small></span>${inUse ? html` <em>in use</em>` : undefined}</td>`
  }
  return html`<table class="grid">
<caption>Addresses banned, and the failures that this would have stopped</caption>
<thead><tr><td></td>${finds.map(find => html`<th scope="col"><span>within</span> ${span(find)}</th>`)}</tr></thead>
<tbody>
${outcomes.map(row => html`<tr><th scope="row"><span>max</span> ${amount(row[0]?.max ?? 0)}</th>${row.map(cell)}</tr>\n`)}</tbody>
</table>
<p class="note">Each cell is what <code>xff-window --max N --find SECONDS</code> would have banned in this very log, late lines
up to ${span(options.late)} included: how many addresses, and which share of the ${counted(failures, 'failure')} of known clients came
while their address would have been banned for ${span(time)}. Few addresses and a large share is a good limit; where a
smaller one bans many more addresses and stops little more, it bans people who mistyped. Now in use:
<code>--max ${max} --find ${find / 1000}</code>.${leftOut}</p>`
}

/** One of five tints, by the share that was stopped. */
function shade(stopped: number, failures: number): string {
  return `tint${Math.min(4, Math.floor((5 * stopped) / failures))}`
}
