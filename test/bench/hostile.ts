/**
 * What hostile lines cost: a line of 64 KB, filled with the pieces that its layout is made of, against one of 1 KB.
 *
 *     make bench-hostile
 */
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { compileFormat, type Format, OWN_FORMAT } from '../../lib/uwsgi-parse/layout/log-format.js'
import { readLine } from '../../lib/uwsgi-parse/layout/reading.js'
import { toRequest } from '../../lib/uwsgi-parse/request.js'
import { logClock } from '../../lib/uwsgi-parse/time/log-clock.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import { printTable } from './table.js'

const SHORT = 1000
const LONG = 64 * SHORT
/** CPU time after which a measurement is good enough, in microseconds. */
const ENOUGH = 5000
const SHOWN = 12

const OWN =
  '[pid: 7|app: 0|req: 1/1] %(addr) (%(user)) {24 vars in 250 bytes} [Sun Nov 22 14:06:08 2026] GET %(uri) => ' +
  'generated 3 bytes in 0 msecs (HTTP/1.0 404) 2 headers in 64 bytes (1 switches on core 0)'
const FORMATS = [
  '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(referer)" "%(uagent)"',
  '%(epoch) %(var.HTTP_X_FORWARDED_FOR) | %(addr) %(status) %(uri)',
  '{"at":%(epoch),"took":%(micros),"ip":"%(addr)","status":%(status),"uri":"%(uri)","agent":"%(uagent)"}',
  '%(epoch) %(status) %(method) %(uri) %(addr)',
]
const LAYOUTS: readonly (readonly [string, Format])[] = [
  [OWN, OWN_FORMAT],
  ...FORMATS.map(format => [format, compileFormat({ format })] as const),
]

const VALUES: Readonly<Record<string, string>> = {
  addr: '8.8.8.8, 1.2.3.4',
  'var.HTTP_X_FORWARDED_FOR': '8.8.8.8, 1.2.3.4',
  ltime: '22/Nov/2026:14:06:08 +0000',
  epoch: '1795356368',
  status: '404',
  size: '3',
  micros: '5',
}
/** What a client may write into. */
const OPEN = ['addr', 'var.HTTP_X_FORWARDED_FOR', 'user', 'uri', 'referer', 'uagent']
const PIECES = [
  ' ',
  ',',
  '10.0.0.1, ',
  '1.2.3.4 (',
  '"',
  '" ',
  ' - ',
  ' | ',
  'f:',
  '1',
  '1 2 ',
  '\t',
  '[::1]:1,',
]

/** A line in which one text is filled with a piece. */
function lineOf(format: string, open: string, piece: string, length: number): string {
  const filler = piece.repeat(length / piece.length)
  return format.replace(/%\(([^)]+)\)/g, (_, name: string) => {
    const value = VALUES[name] ?? '-'
    return name === open ? `${filler}, ${value}` : value
  })
}

const attribution = { client: compileClient({ ranges: PRIVATE_RANGES }), counted: false }
const clock = logClock(compileZone('UTC'))

/** The CPU time of a line, in microseconds. */
function cost(line: string, format: Format): number {
  for (let lines = 8; ; lines *= 2) {
    const before = process.cpuUsage()
    for (let i = 0; i < lines; i++) {
      const reading = readLine(line, format.layouts[0])
      if (reading) toRequest(reading, format, attribution, clock)
    }
    const { user, system } = process.cpuUsage(before)
    if (user + system > ENOUGH) return (user + system) / lines
  }
}

const rows = LAYOUTS.flatMap(([string, format]) => {
  // the literals between the variables, and a line of its own
  const literals = string.split(/%\([^)]+\)/).filter(Boolean)
  const pieces = new Set([...PIECES, ...literals, lineOf(string, '', ' ', 0)])
  return OPEN.filter(open => string.includes(`%(${open})`)).flatMap(open =>
    [...pieces].map(piece => {
      const [short, long] = [SHORT, LONG].map(length =>
        cost(lineOf(string, open, piece, length), format),
      ) as [number, number]
      return { string, open, piece, short, long, times: long / short }
    }),
  )
})
const worst = [...rows].sort((a, b) => b.times - a.times)
printTable(
  `Lines of 64 KB against 1 KB: at most ${worst[0]?.times.toFixed(0)} times the CPU time`,
  ['layout', 'in', 'filled with', '1 KB, µs', '64 KB, µs', 'times'],
  worst
    .slice(0, SHOWN)
    .map(({ string, open, piece, short, long, times }) => [
      string.slice(0, 30),
      open,
      JSON.stringify(piece.slice(0, 20)),
      short.toFixed(1),
      long.toFixed(0),
      times.toFixed(0),
    ]),
)
const slowest = Math.max(...rows.map(({ long }) => long))
console.log(`\n${rows.length} kinds; the slowest line of 64 KB takes ${(slowest / 1000).toFixed(1)} ms`)
