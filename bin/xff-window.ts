#!/usr/bin/env node
import { openMetrics } from '../lib/cli/metrics.js'
import { openNetworks } from '../lib/cli/networks-file.js'
import { checked, parseOptions, UsageError } from '../lib/cli/options/parse.js'
import { reloadable } from '../lib/cli/reloadable.js'
import { reloadableRanges } from '../lib/cli/reloadable-ranges.js'
import { run } from '../lib/cli/run.js'
import { edgeRanges } from '../lib/net/known-edge.js'
import type { Prefix } from '../lib/net/prefix.js'
import { indexRanges, type RangeIndex } from '../lib/net/range-index.js'
import { counted } from '../lib/text/counted.js'
import { excerpt } from '../lib/text/printable.js'
import { createCrowds } from '../lib/xff-window/crowd.js'
import { createExplainer } from '../lib/xff-window/explain.js'
import { usage } from '../lib/xff-window/options.js'
import { rules } from '../lib/xff-window/options-rules.js'
import { compileRules, type Rules } from '../lib/xff-window/rules/rules.js'
import { xffWindow } from '../lib/xff-window/stage.js'

/** What requests count for; undefined where that is the same for all failures. */
function rulesOf(
  given: NonNullable<Awaited<ReturnType<typeof parseOptions<typeof usage.options>>>>,
  networks: ReturnType<typeof openNetworks>,
  warn: (message: string) => void,
): { readonly current: Rules } | undefined {
  const except = given.except.flat()
  const isPlain =
    given.rule.length === 0 && except.length === 0 && given.share === 0 && given.crowd.length === 0
  if (isPlain) return undefined
  const [max, find] = [given.max, given.find * 1000]
  const general = given['only-rules']
    ? undefined
    : { name: undefined, max, find, lasts: undefined, share: given.share }
  const make = () =>
    compileRules(given.rule.flatMap(rules), { general, max, find, failing: given.status, except, networks })
  return checked('--rule: ', () => reloadable(given.rule, 'rules', make, warn))
}

let edges: RangeIndex<string> | undefined
/** Why a prefix that holds an edge is not banned. */
function edgeIn(prefix: Prefix): string | undefined {
  edges ??= indexRanges(edgeRanges())
  const edge = (edges.holding(prefix) ?? edges.inside(prefix)[0])?.value
  return edge === undefined ? undefined : `it holds addresses of ${edge}`
}

run(usage.command, async ({ onBadLine, warn, badLineCount }) => {
  const given = await parseOptions(usage, process.argv.slice(2))
  if (!given) return null
  if (given.tallies && given.explain)
    throw new UsageError('--tallies: expected no --explain with it, got both')
  if (given['only-rules'] && given.rule.length === 0)
    throw new UsageError('--only-rules: expected --rule with it, got none')
  if (given['hosts-min'] !== undefined && given.crowd.length > 0)
    throw new UsageError('--hosts-min: expected no --crowd with it, for which one host suffices; got both')
  const isByNetwork = given.crowd.some(({ of }) => of === 'network')
  if (isByNetwork && given.networks === undefined)
    throw new UsageError('--crowd: expected --networks FILE with network/N, got none')
  const networks = openNetworks(given.networks, warn)
  const metrics = await openMetrics('xff_window', given.metrics, warn)
  const ignored = reloadableRanges(given.ignore, warn)
  const { stages, tally, window } = xffWindow({
    max: given.max,
    find: given.find * 1000,
    late: given.late * 1000,
    keys: given.keys,
    hosts: given['hosts-min'],
    failing: given.status,
    outage: given.outage,
    tallies: given.tallies,
    rules: rulesOf(given, networks, warn),
    crowds:
      given.crowd.length === 0
        ? undefined
        : createCrowds({
            ...{ crowds: given.crowd, networks, find: given.find * 1000, warn },
            spared: prefix => (ignored.overlaps(prefix) ? 'it holds addresses of --ignore' : edgeIn(prefix)),
          }),
    ignored: given.ignore.length > 0 ? ignored.has : undefined,
    ipv4Prefix: given['ipv4-prefix'],
    ipv6Prefix: given['ipv6-prefix'],
    onBadLine,
    warn,
    explainer: given.explain ? createExplainer(excerpt) : undefined,
  })
  metrics.counter('requests_total', 'requests read', () => tally.requests)
  metrics.counter('foreign_total', 'lines that are no requests', badLineCount)
  metrics.counter('failures_total', 'requests that are failures', () => tally.failures)
  metrics.counter('unattributed_total', 'failures whose client is not known', () => tally.unattributed)
  metrics.counter('late_total', 'failures more than --late behind the one before', window.late)
  metrics.counter('spared_total', 'errors that did not count, in an outage', () => tally.spared)
  metrics.counter('bans_total', 'bans decided', () => tally.bans)
  metrics.gauge('keys', 'addresses that are kept', window.size)
  metrics.counter('evicted_total', 'addresses evicted before their failures had expired', window.evicted)
  return {
    stages,
    finish: metrics.finish,
    summary: () => {
      if (window.evicted() > 0)
        warn(`${counted(window.evicted(), 'address', 'addresses')} evicted too early: --keys is too low`)
      const spared = tally.spared > 0 ? `${counted(tally.spared, 'error')} of an outage not counted, ` : ''
      const passed = tally.passed > 0 ? `${tally.passed} not counted, ` : ''
      return (
        `${counted(tally.requests, 'request')}, ${counted(tally.failures, 'failure')}, ${tally.unattributed} unattributed, ` +
        `${tally.ignored} ignored, ${passed}${spared}${window.late()} late, ${counted(tally.bans, 'ban')}, ${counted(window.size(), 'address', 'addresses')} tracked`
      )
    },
  }
})
