/** How the page looks: light, dark, on a phone, on paper. Contrasts are 4.5:1 and better. */
export const STYLE = `
:root { color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --ink: #181c22; --soft: #56606d; --line: #dde1e7; --hover: #f3f5f8;
  --fail: #c2410c; --fail-fill: #ea6a2a; --server: #8f2413; --ban: #4338ca; --ban-fill: #5b52e0; --focus: #1d4ed8;
  --tint0: #fff; --tint1: #eef0fd; --tint2: #dee1fb; --tint3: #ccd1f8; --tint4: #b8bff5;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace }
@media screen and (prefers-color-scheme: dark) { :root {
  --page: #0d1015; --card: #161a21; --ink: #e7ebf1; --soft: #9ca7b6; --line: #2a313c; --hover: #1c212a;
  --fail: #fb9a5b; --fail-fill: #f0813f; --server: #ffc9a3; --ban: #aeb4ff; --ban-fill: #8b8ff5; --focus: #93c5fd;
  --tint0: #161a21; --tint1: #1d2136; --tint2: #262a4d; --tint3: #2f3465; --tint4: #3a3f7d } }
* { box-sizing: border-box }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100% }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto } }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 3rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 var(--sans); overflow-wrap: break-word }
h1, h2, p, dl, dd, ul, figure { margin: 0; padding: 0 }
code { font: .92em/1.4 var(--mono) }
time, dd, .number, .count, .grid, .chart { font-variant-numeric: tabular-nums }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; border-radius: 4px }
.soft, .note, .none, .period, .more { color: var(--soft) }
.note { margin-top: .75rem; font-size: .875rem; max-width: 52rem }

.brand { display: flex; align-items: center; gap: .5rem; font-weight: 600; color: var(--soft); font-size: .9375rem }
.logo { width: 1.5rem; height: 1.5rem }
.logo rect { fill: var(--ban) }
.logo path { stroke: var(--card); stroke-width: 1.6; stroke-linecap: round }
h1 { margin-top: .75rem; font-size: clamp(1.6rem, 5vw, 2.25rem); line-height: 1.15; letter-spacing: -.02em; text-wrap: balance }
.period { margin-top: .4rem }
nav { position: sticky; top: 0; z-index: 1; margin: 1rem -1.25rem 0; padding: .25rem 1.25rem; background: var(--page); box-shadow: 0 1px var(--page) }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; list-style: none }
nav a { display: inline-block; padding: .3rem 0; color: var(--soft); font-size: .9375rem; text-decoration: none;
  border-bottom: 2px solid transparent }
nav a:hover { color: var(--ink); border-color: currentColor }
section { margin-top: 1rem; padding: 1.25rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; scroll-margin-top: 3.25rem }
h2 { margin-bottom: .75rem; font-size: 1.1875rem; letter-spacing: -.01em }
footer { margin-top: 1.5rem; color: var(--soft); font-size: .875rem }

.tiles { display: grid; grid-template-columns: repeat(6, 1fr); gap: .75rem; margin-top: 1rem }
.tiles div { padding: .75rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px }
.tiles dt { color: var(--soft); font-size: .875rem }
.tiles dd { font-size: 1.625rem; font-weight: 650; line-height: 1.25; letter-spacing: -.02em }
.tiles .fail dd:not(.more) { color: var(--fail) }
.tiles .ban dd:not(.more) { color: var(--ban) }
.tiles .more { font-size: .8125rem; font-weight: 400; letter-spacing: 0 }

figcaption { display: flex; flex-wrap: wrap; gap: .125rem 1rem; margin-bottom: .5rem; font-size: .875rem }
.key::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .4em; border-radius: 2px }
.key.fail::before { background: var(--fail-fill) }
.key.ban::before { background: var(--ban-fill) }
.chart { display: block; overflow: visible }
.chart text { fill: var(--soft); font: 12px var(--sans); paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round }
.chart .grid { stroke: var(--line); stroke-dasharray: 2 3 }
.chart .axis { stroke: var(--line) }
svg .fail { fill: var(--fail-fill) }
svg .ban { fill: var(--ban-fill) }
svg .server { fill: var(--server) }
.point { fill: transparent }
.point:hover { fill: var(--ink); fill-opacity: .1 }
details { margin-top: .75rem }
summary { width: fit-content; cursor: pointer; color: var(--soft); font-size: .9375rem }
summary:hover { color: var(--ink) }

table { width: 100%; border-collapse: collapse; font-size: .9375rem }
caption { padding-bottom: .5rem; text-align: left; color: var(--soft); font-size: .875rem }
th, td { padding: .5rem .75rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line) }
th:first-child, td:first-child { padding-left: 0 }
th:last-child, td:last-child { padding-right: 0 }
thead .count span { display: block; width: 4rem }
thead th { border: 0; padding-bottom: .3rem; color: var(--soft); font-size: .8125rem; font-weight: 500; white-space: nowrap; vertical-align: bottom }
tbody th { font-weight: 500 }
tbody tr:hover { background: var(--hover) }
.number, .count { text-align: right; white-space: nowrap }
td time, th time { white-space: nowrap }
.cards .address, .cards .number, .when { width: 1%; white-space: nowrap }
.text code { unicode-bidi: isolate; overflow-wrap: anywhere }
td.text, th.text { overflow: clip }
.count { width: 14rem }
.count div { display: grid; grid-template-columns: 4rem 1fr; align-items: center; gap: .625rem }
.bar { width: 100%; height: 6px; border-radius: 3px; background: var(--line); overflow: hidden }
.status { font-weight: 600; color: var(--fail) }
.agent { display: block; color: var(--soft); font-size: .8125rem }
abbr { text-decoration: none }
.plain { width: auto; min-width: min(100%, 24rem); margin-top: .5rem }

.grid { table-layout: fixed; border-collapse: separate; border-spacing: 4px }
.grid caption { padding-left: 4px }
.grid th, .grid td { padding: .5rem .25rem; border: 0; text-align: center }
.grid thead td, .grid tbody th { width: 5.5rem }
.grid tbody th { text-align: left; padding-left: 4px; vertical-align: middle; white-space: nowrap }
.grid th span { color: var(--soft); font-weight: 400 }
.grid tbody tr:hover { background: none }
.grid tbody td { border-radius: 8px; border: 1px solid var(--line) }
.grid b { display: block; font-size: 1.125rem }
.grid td span, .grid em { display: block; font-size: .8125rem; font-style: normal }
.grid .in-use { outline: 2px solid var(--ban); outline-offset: -1px }
.grid small { font-size: .8125rem; font-weight: 400 }
.grid em { font-weight: 600; color: var(--ban) }
.tint0 { background: var(--tint0) } .tint1 { background: var(--tint1) } .tint2 { background: var(--tint2) }
.tint3 { background: var(--tint3) } .tint4 { background: var(--tint4) }

@media (max-width: 60rem) { .tiles { grid-template-columns: repeat(3, 1fr) } }
@media (max-width: 46rem) {
  body { padding: 1.25rem .875rem 2rem }
  nav { position: static; margin: .75rem 0 0; padding: 0 }
  section { padding: 1rem .875rem }
  .tiles { gap: .5rem }
  .tiles div { padding: .6rem .7rem }
  .tiles dd { font-size: 1.375rem }
  .cards, .cards caption, .cards tbody, .cards tr, .cards th, .cards td { display: block; padding: 0; border: 0; text-align: left }
  .cards caption { padding-bottom: .25rem }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .cards tbody tr { padding: .7rem 0; border-top: 1px solid var(--line) }
  .cards tbody th { font-size: 1rem; margin-bottom: .2rem }
  .cards tbody tr { display: flex; flex-wrap: wrap; gap: .1rem .75rem }
  .cards tbody th, .cards td { flex: 1 0 40%; width: auto }
  .cards tbody th, .cards td.count, .cards td.text { flex: 0 0 100%; white-space: normal; overflow-wrap: anywhere }
  .cards td { display: grid; grid-template-columns: auto 1fr; gap: .5rem }
  .cards td::before { content: attr(data-name); color: var(--soft); font-size: .875rem; align-self: center }
  .count div { grid-template-columns: auto 1fr }
  .cards td.text { display: block }
  .cards td.text::before { display: none }
  .grid small { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .plain time { white-space: normal }
  .plain th, .plain td { padding-inline: .4rem }
  .grid { border-spacing: 2px }
  .grid thead td, .grid tbody th { width: 3.75rem }
  .grid th { font-size: .8125rem }
  .grid th span { display: block; font-size: .75rem }
}
@media print {
  :root { color-scheme: light; --page: #fff; --ink: #000; --soft: #444 }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  nav, details { display: none }
  section { border: 0; padding: 0; margin-top: 1.5rem }
  tr, figure, .tiles div { break-inside: avoid }
  h2 { break-after: avoid }
}
`
