/** Rules together with tallies and outages: against their definition, in any order within the lateness, and by the stage. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { TallyRecord } from '../../../lib/wire/record.js'
import { candidateOf } from '../../../lib/xff-window/candidate.js'
import { createCounter, openJudge } from '../../../lib/xff-window/counter.js'
import type { Rule } from '../../../lib/xff-window/rules/rule.js'
import { compileRules } from '../../../lib/xff-window/rules/rules.js'
import { type Options, xffWindow } from '../../../lib/xff-window/stage.js'
import { collect } from '../../support/collect.js'
import { createDefinition, failing, type RuledRequest } from '../../support/rules-definition.js'
import { seeded } from '../../support/seeded.js'

const START = Date.parse('2026-11-22T14:00:00.000Z')
const STRETCH_MS = 10_000
const OUTAGE = 0.2
const MIN_CLIENTS = 5

/** What came in ten seconds, and what the tally behind them says of all clients. */
interface Stretch {
  requests: RuledRequest[]
  clients: number
  all: number
}

interface Trace {
  rules: Rule[]
  general: { max: number; find: number }
  stretches: Stretch[]
}

const request = fc.record({
  key: fc.integer({ min: 1, max: 8 }).map(n => `203.0.113.${n}`),
  offset: fc.nat(STRETCH_MS - 1),
  status: fc.constantFrom(200, 404, 500, 500, 503),
  method: fc.constantFrom('GET', 'POST'),
  uri: fc.constantFrom('/a', '/ab', '/b', '/favicon.ico'),
})
const limit = fc.record({ max: fc.integer({ min: 1, max: 4 }), find: fc.integer({ min: 1, max: 30 }) })
const traces: fc.Arbitrary<Trace> = fc
  .tuple(
    limit,
    limit,
    limit,
    fc.nat(3),
    fc.array(
      fc.record({
        requests: fc.array(request, { maxLength: 25 }),
        clients: fc.integer({ min: 1, max: 40 }),
        others: fc.nat(60),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  )
  .map(([one, two, general, points, stretches]) => ({
    rules: [
      { name: 'one', path: ['/a'], ...one },
      { name: 'two', path: ['/a*'], status: (status: number) => status >= 500, ...two },
      { name: undefined, path: ['/b'], points },
    ],
    general: { max: general.max, find: general.find * 1000 },
    stretches: stretches.map(({ requests, clients, others }, i) => ({
      clients,
      all: requests.length + others,
      requests: requests
        .sort((a, b) => a.offset - b.offset)
        .map(({ offset, ...rest }) => ({ ...rest, time: START + i * STRETCH_MS + offset })),
    })),
  }))

function tallyOf({ requests, clients, all }: Stretch, i: number): TallyRecord {
  return {
    type: 'tally',
    time: new Date(START + (i + 1) * STRETCH_MS).toISOString(),
    requests: all,
    failures: requests.filter(({ status }) => failing(status)).length,
    errors: requests.filter(({ status }) => status >= 500).length,
    clients,
  }
}

const recordOf = ({ key, time, status, method, uri }: RuledRequest) => ({
  ...({ type: 'request', time: new Date(time).toISOString(), ip: key, status, method, uri } as const),
  ...{ protocol: 'HTTP/1.1', bytes: 3, msecs: 1 },
})

function optionsOf({ rules, general }: Trace): Options {
  const named = { ...general, name: undefined, lasts: undefined, share: 0 }
  const all = { ...{ max: 3, find: 10, failing }, general: named, except: ['/favicon.ico'] }
  return {
    ...{ ...general, late: 60_000, keys: 1000, failing, outage: OUTAGE, ipv6Prefix: 128 },
    ...{ rules: { current: compileRules(rules, all) }, onBadLine: () => {}, warn: () => {} },
  }
}

/** What is written for the records of a trace. */
function decide(trace: Trace): string {
  const options = optionsOf(trace)
  const tally = { requests: 0, failures: 0, unattributed: 0, ignored: 0, spared: 0, passed: 0, bans: 0 }
  const { countFailure, endStretch, end } = createCounter(options, tally, openJudge(options))
  const written = trace.stretches.map((stretch, i) => {
    const own = stretch.requests.map(one => countFailure(one.key, one.time, candidateOf(recordOf(one))))
    // the last stretch goes on
    return own.join('') + (i < trace.stretches.length - 1 ? endStretch(tallyOf(stretch, i)) : '')
  })
  return written.join('') + end()
}

interface Banned {
  ip: string
  rule?: string
}

function bansIn(written: string): Banned[] {
  return written
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const { ip, rule } = JSON.parse(line)
      return { ip, ...(rule === undefined ? {} : { rule }) }
    })
}

/** By the definition: the errors of a stretch are decided on when its tally comes. */
function define({ rules, general, stretches }: Trace): Banned[] {
  const observe = createDefinition(rules, general)
  const bans: Banned[] = []
  const decide = (one: RuledRequest): boolean => {
    const verdict = observe(one) as string | { rule?: string }
    if (typeof verdict === 'string') return false
    bans.push({ ip: one.key, ...(verdict.rule === undefined ? {} : { rule: verdict.rule }) })
    return true
  }
  for (const [i, stretch] of stretches.entries()) {
    let waiting: RuledRequest[] = []
    const failed = new Set<string>()
    for (const one of stretch.requests) {
      if (i > 0 && one.status >= 500) {
        waiting.push(one)
        failed.add(one.key)
      } else if (decide(one)) {
        waiting = waiting.filter(({ key }) => key !== one.key)
      }
    }
    const { clients, requests, errors } = tallyOf(stretch, i)
    const isOutage =
      failed.size >= MIN_CLIENTS && failed.size > OUTAGE * clients && errors > OUTAGE * requests
    if (i === stretches.length - 1 || !isOutage) for (const one of waiting) decide(one)
  }
  return bans
}

t.test('rules, tallies and outages together ban as their definition does', async t => {
  let bans = 0
  let outages = 0
  fc.assert(
    fc.property(traces, trace => {
      const expected = define(trace)
      bans += expected.length
      if (
        define({ ...trace, stretches: trace.stretches.map(one => ({ ...one, all: 1e6 })) }).length !==
        expected.length
      )
        outages += 1
      return isDeepStrictEqual(bansIn(decide(trace)), expected)
    }),
    seeded(t, 5000),
  )
  t.ok(bans > 1000 && outages > 100, `${bans} bans, ${outages} traces with an outage that spares somebody`)
})

t.test('the order of records within the lateness makes no difference to who is banned', async t => {
  const shuffled = traces.chain(trace =>
    fc
      .tuple(
        ...trace.stretches.map(({ requests }) =>
          fc.shuffledSubarray(requests, { minLength: requests.length }),
        ),
      )
      .map(orders => ({
        trace,
        other: {
          ...trace,
          stretches: trace.stretches.map((one, i) => ({ ...one, requests: orders[i] ?? [] })),
        },
      })),
  )
  const banned = (trace: Trace) => [...new Set(bansIn(decide(trace)).map(({ ip }) => ip))].sort()
  fc.assert(
    fc.property(shuffled, ({ trace, other }) => isDeepStrictEqual(banned(trace), banned(other))),
    seeded(t, 5000),
  )
})

/** What may stand behind a path: no part of it, or one more. */
const tails = fc.array(fc.constantFrom('', '?b', '?/a?', '#a', '/', `?${'x'.repeat(200)}`, 'x'.repeat(95)), {
  minLength: 1,
})

t.test('the stage writes the same, line by line', async t => {
  await fc.assert(
    fc.asyncProperty(traces, tails, async (plain, tails) => {
      const longer = (one: RuledRequest, i: number) => ({ ...one, uri: one.uri + tails[i % tails.length] })
      const stretches = plain.stretches.map(one => ({ ...one, requests: one.requests.map(longer) }))
      const trace = { ...plain, stretches }
      const lines = trace.stretches.flatMap((stretch, i) => [
        ...stretch.requests.map(recordOf),
        ...(i < trace.stretches.length - 1 ? [tallyOf(stretch, i)] : []),
      ])
      const input = Buffer.from(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
      const { stages } = xffWindow(optionsOf(trace))
      return Buffer.concat(await collect(stages, [input])).toString() === decide(trace)
    }),
    seeded(t, 200),
  )
})
