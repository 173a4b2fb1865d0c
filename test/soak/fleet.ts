/**
 * A fleet of ten hosts while everything goes wrong: servers are killed, hang and are started again, and of the pipelines of
 * counters, writers and hosts one process after the other is killed. In the end every record is in the stream once, and the
 * bans in the stream and on each host are those of one process that reads all logs.
 *
 *     make fleet-chaos      SEED for the same traffic and the same mishaps; ROUNDS=2 for more of them
 *
 * Last comes a round with writers that do not know where in their log they were: it has to fail, or the others say nothing.
 */
import { printTable } from '../bench/table.js'
import { chaos } from '../support/fleet/chaos.js'
import { FAULTS, type Fault } from '../support/fleet/faults.js'
import type { Verdict } from '../support/fleet/verdict.js'
import { hasNewerNats, noNats } from '../support/nats.js'

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const ROUNDS = Number(process.env.ROUNDS ?? 1)
/** How many of a kind of difference are shown. */
const SHOWN = 5
const FLEET = { hosts: 10, attackers: 300, lines: 10_000, duration: 80_000, rest: 2_000, isRepeated: true }

interface Round {
  name: string
  nodes: number
  isNewer: boolean
  faults: readonly Fault[]
  isNaive?: boolean
}

const PIPELINES: readonly Fault[] = ['counter', 'writer', 'reader']
const ONE: Round = {
  ...{ name: "one server, Debian 12's", nodes: 1, isNewer: false },
  faults: ['restart', ...PIPELINES, 'pause', ...PIPELINES],
}
const THREE: Round = {
  ...{ name: 'three servers', nodes: 3, isNewer: true },
  faults: ['leader', ...PIPELINES, 'pause', ...PIPELINES],
}
const NAIVE: Round = {
  ...{ name: 'writers that know no place', nodes: 1, isNewer: false },
  ...{ faults: ['writer'], isNaive: true },
}

if (noNats) throw new Error(noNats)
if (!hasNewerNats)
  console.log('left out: three servers, as test/support/newer-nats has unpacked no newer release')
const rounds = [ONE, ...(hasNewerNats ? [THREE] : [])]
const planned = [...Array.from({ length: ROUNDS }, () => rounds).flat(), NAIVE]
const outcomes: { round: Round; seed: number; verdict: Verdict; done: Map<string, number> }[] = []
for (const [i, round] of planned.entries()) outcomes.push(await run(round, (SEED + i) % 2 ** 31))
print()
process.exitCode = outcomes.every(({ round, verdict }) => isRight(verdict) !== (round.isNaive ?? false))
  ? 0
  : 1
process.exit()

async function run(round: Round, seed: number) {
  console.log(`\n${round.name}: seed ${seed}`)
  const endings: (() => unknown)[] = []
  const t = { teardown: (ending: () => unknown) => endings.unshift(ending) }
  const done = new Map<string, number>()
  const note = (text: string) => {
    console.log(`  ${text}`)
    const [fault = ''] = text.split(':')
    if (FAULTS.some(one => one === fault)) done.set(fault, (done.get(fault) ?? 0) + 1)
  }
  try {
    const verdict = await chaos(t as Parameters<typeof chaos>[0], { ...FLEET, ...round, seed, note })
    for (const text of verdict.lost.slice(0, SHOWN)) console.log(`  lost: ${text}`)
    for (const text of verdict.doubled.slice(0, SHOWN)) console.log(`  doubled: ${text}`)
    return { round, seed, verdict, done }
  } finally {
    for (const ending of endings) await ending()
  }
}

function isRight({ lost, doubled }: Verdict): boolean {
  return lost.length === 0 && doubled.length === 0
}

function print(): void {
  printTable(
    'against one process that reads all logs',
    ['servers', 'seed', 'what was done', 'records', 'bans', 'lost', 'doubled', 'outcome'],
    outcomes.map(({ round, seed, verdict, done }) => [
      round.name,
      String(seed),
      [...done].map(([fault, times]) => `${fault} ${times}`).join(', '),
      ...[verdict.records, verdict.bans, verdict.lost.length, verdict.doubled.length].map(String),
      `${isRight(verdict) ? 'equal' : 'DIFFERENT'}${round.isNaive ? ', has to be different' : ''}`,
    ]),
  )
}
