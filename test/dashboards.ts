/** What the dashboard and the alerts ask for is what the commands write. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { parse } from 'yaml'
import { openMetrics } from '../lib/cli/metrics.js'
import { nullBackend } from '../lib/xff-ban/backend/null.js'
import { createHealth } from '../lib/xff-ban/health.js'
import { measure } from '../lib/xff-ban/measure.js'
import { jailOf } from './support/bans.js'
import { FIXTURES, withCommands } from './support/commands.js'
import { bus, noNats, setUpNats } from './support/nats.js'
import { missing } from './support/programs.js'
import { readPrometheus } from './support/prometheus.js'
import { requestLine } from './support/requests.js'
import { tempDir } from './support/temp-dir.js'
import { waitFor } from './support/wait-for.js'

const RULES = 'share/prometheus/xff-jail.rules.yml'
const DASHBOARD = 'share/grafana/xff-jail.json'

interface Rule {
  alert: string
  expr: string
}
interface Panel {
  title: string
  targets: { expr: string }[]
}

const rules: Rule[] = parse(readFileSync(RULES, 'utf8')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
)
const dashboard: { panels: Panel[]; templating: { list: { query: string }[] } } = JSON.parse(
  readFileSync(DASHBOARD, 'utf8'),
)

/** The series that an expression names. */
function seriesIn(expression: string): string[] {
  return expression.match(/\b(?:uwsgi_parse|xff_window|xff_ban|xff_bus)_[a-z_]+/g) ?? []
}

t.test(
  'every series of the dashboard and the alerts is one that is written, and no address is a label',
  { skip: noNats },
  async t => {
    const dir = tempDir(t)
    const nats = await setUpNats(t)
    const fleet = [
      ['write requests', requestLine({ time: Date.now() })],
      ['read requests --end', ''],
      ['write bans', '{"type":"ban","ip":"203.0.113.7"}\n'],
      ['read bans --end', ''],
    ].entries()
    for (const [i, [line, input]] of fleet)
      t.equal((await bus(nats, `${line} --metrics ${join(dir, `bus${i}.prom`)}`, input)).exitCode, 0)
    const line =
      `uwsgi-parse --metrics a.prom < '${join(FIXTURES, 'attack/uwsgi.log')}' |` +
      'xff-window --metrics b.prom | xff-ban --dry-run --clock log --metrics c.prom > /dev/null'
    await execa('bash', ['-c', line], { cwd: dir, env: withCommands({ TZ: 'UTC' }) })
    // hits are counted by the kernel program alone
    const metrics = await openMetrics('xff_ban', join(dir, 'd.prom'), () => {}, 5)
    const hits = async () => new Map([['203.0.113.7', { hits: 3, last: 0 }]])
    const stop = measure(
      {
        ...{
          tally: { bans: 0, unbans: 0, expired: 0, duplicates: 0, refused: 0 },
          jail: jailOf(),
        },
        health: createHealth({ now: () => 0, silenceMs: undefined, warn: () => {} }),
        ...{ backend: { ...nullBackend(), hits }, held: () => 0, maxBans: 1 },
      },
      metrics,
      () => {},
    )
    const read = (file: string) => readPrometheus(readFileSync(join(dir, file), 'utf8'))
    await waitFor('hits', () => read('d.prom').has('xff_ban_hits_total'))
    stop()
    await metrics.finish()

    const written = new Set<string>()
    for (const file of ['a', 'b', 'c', 'd', 'bus0', 'bus1', 'bus2', 'bus3'].map(name => `${name}.prom`)) {
      for (const { samples } of read(file).values()) {
        for (const key of samples.keys()) {
          written.add(key.replace(/\{.*/, ''))
          t.notMatch(key, /\d+\.\d+\.\d+\.\d+|:[0-9a-f]*:/, 'no address is a label')
        }
      }
    }
    const asked = [
      ...rules.map(({ alert, expr }) => [alert, expr] as const),
      ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
      ...dashboard.templating.list.map(({ query }) => ['variable', query] as const),
    ]
    t.ok(rules.length >= 6 && dashboard.panels.length >= 10)
    for (const [what, expression] of asked) {
      for (const series of seriesIn(expression)) t.ok(written.has(series), `${what}: ${series}`)
      if (what !== 'variable') t.ok(seriesIn(expression).length > 0, `${what} asks for something of ours`)
    }
  },
)

t.test('promtool takes the rules', { skip: missing('promtool') }, async t => {
  const { stdout } = await execa('promtool', ['check', 'rules', RULES])
  t.match(stdout, new RegExp(`SUCCESS: ${rules.length} rules found`))
})

/** What promtool is to evaluate: lines that were read, minute by minute, and when the alert stands. */
const SITES: readonly {
  name: string
  series: Record<string, string>
  stands: Record<string, Record<string, boolean>>
}[] = [
  {
    name: 'nobody visits the site at night',
    // an hour with 40 lines in ten minutes, an hour with fewer and fewer, and none
    series: {
      lines_total: '0+4x60 241+1x30 272+0x300',
      newest_record_timestamp_seconds: '0+60x90 5400+0x300',
    },
    stands: { XffJailNoRecord: { '95m': false, '105m': false, '3h': false, '6h': false } },
  },
  {
    name: 'what came in every minute comes no more',
    series: { lines_total: '0+10x120 1200+0x240 1201+10x60' },
    stands: { XffJailNoRecord: { '119m': false, '132m': true, '3h': true, '355m': true, '365m': false } },
  },
  {
    name: 'the silence of a morning after a busy one',
    series: { lines_total: '0+10x120 1201+0.1x1200 1321+0x300' },
    stands: { XffJailNoRecord: { '22h5m': false, '24h45m': true } },
  },
  {
    name: 'no line is a request any more',
    series: { lines_total: '0+20x60', requests_total: '0+20x30 600+0x30' },
    stands: { XffJailNotUnderstood: { '30m': false, '45m': true }, XffJailNoRecord: { '45m': false } },
  },
  {
    name: 'the time of the records is an hour behind',
    series: { failures_total: '0+2x60', newest_record_timestamp_seconds: '-3600+60x60' },
    // until it is above 0
    stands: { XffJailLate: { '30m': false, '75m': false } },
  },
  {
    name: 'the records come late, and go on coming',
    series: { failures_total: '0+2x240', newest_record_timestamp_seconds: '60+30x240' },
    stands: { XffJailLate: { '15m': false, '3h': true } },
  },
  {
    name: 'no failure for long',
    series: { failures_total: '0+2x30 60+0x240', newest_record_timestamp_seconds: '0+60x30 1800+0x240' },
    stands: { XffJailLate: { '60m': false, '3h': false } },
  },
]

t.test('an alert stands when it should, and not at night', { skip: missing('promtool') }, async t => {
  const dir = tempDir(t)
  for (const [i, { name, series, stands }] of SITES.entries()) {
    const labels = { instance: 'a', job: 'node', jail: 'shop' }
    const all = Object.entries(labels)
      .map(([key, value]) => `${key}="${value}"`)
      .join(',')
    const alerts = Object.entries(stands).flatMap(([alertname, times]) =>
      Object.entries(times).map(([eval_time, isOn]) => ({ alertname, eval_time, isOn })),
    )
    // what the alert says is not compared
    const isOn = ({ alertname, eval_time, isOn }: (typeof alerts)[number]) => ({
      expr: `count(ALERTS{alertname="${alertname}",alertstate="firing"}) or vector(0)`,
      eval_time,
      exp_samples: [{ value: isOn ? 1 : 0 }],
    })
    const file = join(dir, `${i}.yml`)
    const tests = [
      {
        name,
        interval: '1m',
        input_series: Object.entries(series).map(([what, values]) => ({
          series: `uwsgi_parse_${what}{${all}}`,
          values,
        })),
        promql_expr_test: alerts.map(isOn),
      },
    ]
    // JSON is YAML
    writeFileSync(file, JSON.stringify({ rule_files: [resolve(RULES)], evaluation_interval: '1m', tests }))
    const { exitCode, all: said } = await execa('promtool', ['test', 'rules', file], {
      all: true,
      reject: false,
    })
    t.equal(exitCode, 0, name, { said })
  }
})
