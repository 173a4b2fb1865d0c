/**
 * Looks for what costs the kernel program most: texts of 64 KB in which a short unit is repeated, changed at random as
 * long as that makes them dearer. Root; `node build/test/bench/bpf-worst.js [SECONDS [SEED]]`, a minute unless said.
 */
import '../support/apart.js'
import { type Chance, createChance } from '../kernel/bpf/chance.js'
import { browser, createMeter, type Meter } from './bpf-cost.js'

const [, , seconds = '60', seed = String(Date.now() % 2 ** 31)] = process.argv

const LENGTH = 64_500
const MAX_UNIT = 48
/** What seems to be dearer is measured again so often: the least counts. */
const AGAIN = 3
/** After so many changes that made nothing dearer it begins anew. */
const PATIENCE = 40
const SHOWN = 8

/** What a unit is made of. */
const PIECES = [
  ...[
    ',',
    ' ',
    '\t',
    '\r\n ',
    '\r\n',
    '\r',
    '\n',
    ':',
    '::',
    '.',
    '%',
    '[',
    ']',
    '-',
    '_',
    '0',
    '1',
    'f',
    'g',
  ],
  ...['1.2.3.4', '10.0.0.1', '::1', '::ffff:1.2.3.4', '2001:db8::', '[::1]:443', 'fe80::1%e', '1.2.3.4:5'],
  ...['\r\nX-Forwarded-For: ', '\r\nX_Forwarded_For:', '\r\nContent-Length: 1', '\r\nTransfer-Encoding: a, '],
]

/** Where the first climbs begin: what was dear before. */
const BEGINNINGS = [
  '::1,',
  '[::1],',
  '1::,',
  '1.2.3.4:5,',
  '\r\r\n',
  '\r\r\n\n:',
  '1\r\n ,',
  '\r\nX-Forwarded-For:1',
  '2001:db8::1,',
]

const meter = await createMeter()
const chance = createChance(Number(seed))
const found = new Map<string, number>()
const end = performance.now() + 1000 * Number(seconds)
let tried = 0
while (performance.now() < end) await climb()
const dearest = [...found].sort(([, a], [, b]) => b - a).slice(0, SHOWN)
console.log(`${tried} units of SEED=${seed}; the dearest 64 KB:`)
for (const [unit, time] of dearest) console.log(`${Math.round(time / 1000)} us of ${JSON.stringify(unit)}`)
await meter.end()

/** From a unit at random upwards. */
async function climb(): Promise<void> {
  let unit = BEGINNINGS.shift() ?? changed('', chance)
  let best = await timeOf(meter, unit, AGAIN)
  for (let failures = 0; failures < PATIENCE && performance.now() < end; failures++) {
    const next = changed(unit, chance)
    if ((await timeOf(meter, next, 1)) <= best) continue
    const time = await timeOf(meter, next, AGAIN)
    if (time <= best) continue
    unit = next
    best = time
    failures = 0
  }
  found.set(unit, best)
}

async function timeOf({ spent }: Meter, unit: string, times: number): Promise<number> {
  tried += 1
  const text = browser(unit.repeat(LENGTH / unit.length))
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < times; i++) least = Math.min(least, await spent(text, 1))
  return least
}

/** Some pieces more, fewer or others. */
function changed(unit: string, { below, pick, happens }: Chance): string {
  let text = unit
  do {
    const from = below(text.length + 1)
    const to = happens(0.4) ? Math.min(text.length, from + 1 + below(4)) : from
    text = text.slice(0, from) + (happens(0.8) ? pick(PIECES) : '') + text.slice(to)
  } while (text === '' || happens(0.3))
  return text.slice(0, MAX_UNIT)
}
