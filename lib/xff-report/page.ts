import { createHash } from 'node:crypto'
import { formatInstant } from '../wire/instant.js'
import { chart } from './chart.js'
import type { Digest, Totals } from './digest.js'
import { amount, clock, counted, date, percent, span } from './format.js'
import { type Content, Html, html } from './html.js'
import { STYLE } from './style.js'
import { bansInForce, bansOver, wentWrong, worstAddresses, worstNetworks, worstPaths } from './tables.js'
import { otherLimits } from './what-if-table.js'

/** The page may use its one style sheet and nothing else: no script, no image, no connection, no form. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** A page that is written again and again. */
export interface Live {
  /** how often, in seconds */
  every: number
  /** no more records come */
  isLast: boolean
}

/** The digest as one self-contained HTML page; the same digest gives the same bytes. */
export function page(title: string, digest: Digest, live?: Live): string {
  const { totals } = digest
  const sections = [
    section('limits', 'What other limits would have done', otherLimits(digest)),
    section('wrong', 'What went wrong', wentWrong(digest)),
    section('time', 'Over time', chart(digest.timeline)),
    section('in-force', 'Bans in force', bansInForce(digest)),
    ...(digest.totals.bans > 0 ? [section('over', 'Bans that are over', bansOver(digest))] : []),
    section('addresses', 'Worst addresses', worstAddresses(digest)),
    ...(digest.networks
      ? [section('networks', 'Worst networks', worstNetworks(digest.networks, totals))]
      : []),
    section('paths', 'Worst paths', worstPaths(digest)),
  ]
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
${live && !live.isLast ? html`<meta http-equiv="refresh" content="${live.every}">\n` : undefined}<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<p class="brand">${LOGO} xff-jail</p>
<h1>${title}</h1>
<p class="period">${period(totals)}</p>
${live ? written(digest.now, live) : undefined}</header>
<nav aria-label="Sections"><ul>${sections.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main>
${tiles(digest)}
${sections.map(({ body }) => body)}
</main>
<footer><p>Made by <code>xff-report</code> from the records alone. All times are UTC.</p></footer>
</body>
</html>
`.source
}

function section(id: string, name: string, content: Html) {
  return {
    id,
    name,
    body: html`<section id="${id}" aria-labelledby="${id}-name">
<h2 id="${id}-name">${name}</h2>
${content}
</section>
`,
  }
}

/** Prison bars. */
const LOGO = html`<svg class="logo" viewBox="0 0 24 24" aria-hidden="true"><rect width="24" height="24" rx="6"/><path d="M7 5v14M12 5v14M17 5v14M5 9h14M5 15h14"/></svg>`

function period({ oldest, newest }: Totals): Content {
  if (oldest === undefined || newest === undefined) return 'No record had a time.'
  const same = date(oldest) === date(newest)
  return html`${date(oldest)}, ${clock(oldest)} to ${same ? '' : `${date(newest)}, `}${clock(newest)} UTC · ${span(newest - oldest)}`
}

/** A page that is not written any more tells it by its age. */
function written(now: number, { every, isLast }: Live): Html {
  const at = html`<time datetime="${formatInstant(now)}">${date(now)}, ${clock(now)} UTC</time>`
  const next = isLast
    ? 'no more records come'
    : html`written again and shown anew every ${span(1000 * every)}`
  return html`<p class="period">Written ${at} · ${next}</p>\n`
}

function tiles({ options, totals, addresses, inForce }: Digest): Html {
  const { requests, inLog, failures, unattributed, bans, unbans } = totals
  // of the other requests there are no records
  const all = inLog === undefined || inLog < requests ? requests : inLog
  const share =
    failures < all
      ? `${percent(failures, all)} of ${inLog === undefined ? 'these' : 'the requests'}`
      : undefined
  const tile = (name: string, value: Content, more?: Content, kind = '') =>
    html`<div class="${kind}"><dt>${name}</dt><dd>${value}</dd>${more === undefined ? undefined : html`<dd class="more">${more}</dd>`}</div>\n`
  return html`<dl class="tiles">
${tile(inLog === undefined ? 'Request records' : 'Requests', amount(all))}${tile('Failures', amount(failures), share, 'fail')}${tile('Addresses', html`${addresses.complete ? '' : '>'}${amount(addresses.distinct)}`, 'that failed')}${tile('Unattributed', amount(unattributed), 'client not known')}${tile('Bans', amount(bans), `${counted(unbans, 'unban')}`, 'ban')}${tile('In force', amount(inForce.all), options.now ? 'now' : 'at the end')}</dl>`
}
