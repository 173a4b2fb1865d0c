import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { openMetrics } from '../../lib/cli/metrics.js'
import { bundle, FIXTURES, withCommands } from '../support/commands.js'
import { noMounts, smallDisk } from '../support/full-disk.js'
import { numberOf, readPrometheus } from '../support/prometheus.js'
import { tempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

const env = withCommands({ TZ: 'UTC' })
const read = (file: string) => readPrometheus(readFileSync(file, 'utf8'))

t.test('the metrics of each command are the numbers of its summary', async t => {
  const dir = tempDir(t)
  const line =
    `uwsgi-parse --metrics shop.prom < '${join(FIXTURES, 'attack/uwsgi.log')}' |` +
    'xff-window --metrics window.prom | xff-ban --dry-run --clock log --metrics ban.prom > /dev/null'
  const { stderr } = await execa('bash', ['-c', line], { cwd: dir, env })
  t.strictSame(readdirSync(dir).sort(), ['ban.prom', 'shop.prom', 'window.prom'], 'no drafts are left')
  for (const [file, command, names] of [
    ['shop.prom', 'uwsgi-parse', { lines: 'lines', requests: 'requests', unparsed: 'unparsed lines' }],
    ['window.prom', 'xff-window', { failures: 'failures', unattributed: 'unattributed', bans: 'bans' }],
    ['ban.prom', 'xff-ban', { bans: 'bans', unbans: 'unbans', refused: 'refused' }],
  ] as const) {
    const families = read(join(dir, file))
    const summary = stderr.split('\n').findLast(line => line.startsWith(`${command}: `)) ?? ''
    for (const [name, word] of Object.entries(names)) {
      const told = new RegExp(`(\\d+) ${word}(?:,|$)`).exec(summary)?.[1]
      const metric = `${command.replace('-', '_')}_${name}_total`
      t.equal(numberOf(families, metric), Number(told), `${metric}: ${told}`)
    }
    t.match(
      [...(families.get(`${command.replace('-', '_')}_build_info`)?.samples ?? [])],
      [[/version="\d/, 1]],
    )
    for (const { samples } of families.values()) {
      for (const key of samples.keys()) t.match(key, `jail="${file.replace('.prom', '')}"`)
    }
    t.equal(statSync(join(dir, file)).mode & 0o777, 0o644, 'others may read it')
  }
  t.equal(numberOf(read(join(dir, 'ban.prom')), 'xff_ban_in_force'), 2)
  t.equal(numberOf(read(join(dir, 'ban.prom')), 'xff_ban_backend_errors_total'), 0)
  const causes = read(join(dir, 'shop.prom')).get('uwsgi_parse_unattributed_by_cause_total')?.samples ?? []
  t.equal(
    [...causes].reduce((sum, [, count]) => sum + count, 0),
    numberOf(read(join(dir, 'shop.prom')), 'uwsgi_parse_unattributed_total'),
    'every failure without a client has a cause',
  )
  for (const file of ['shop', 'ban']) {
    const name = `${file === 'shop' ? 'uwsgi_parse' : 'xff_ban'}_newest_record_timestamp_seconds`
    const newest = Number(numberOf(read(join(dir, `${file}.prom`)), name))
    t.match(new Date(1000 * newest).toISOString(), /^2026-11-22T/, `${name} is of the log`)
  }
  t.ok(Number(numberOf(read(join(dir, 'window.prom')), 'xff_window_keys')) > 0)
})

t.test('enforcement is timed in a histogram that adds up', async t => {
  const dir = tempDir(t)
  const file = join(dir, 'a.prom')
  const input = '{"type":"ban","ip":"203.0.113.7"}\nnonsense\n'
  await execa(bundle('xff-ban'), ['--dry-run', '--metrics', file], { input })
  const { type, samples = new Map() } = read(file).get('xff_ban_enforcement_seconds') ?? {}
  t.equal(type, 'histogram')
  const buckets = [...samples].filter(([key]) => key.includes('_bucket')).map(([, count]) => count)
  t.ok(buckets.every((count, i) => count >= (buckets[i - 1] ?? 0)))
  t.equal(buckets.at(-1), 1)
  t.equal(samples.get('xff_ban_enforcement_seconds_count{jail="a"}'), 1)
  t.equal(numberOf(read(file), 'xff_ban_foreign_total'), 1)
})

t.test('the file of metrics is replaced as a whole while the command runs', async t => {
  const dir = tempDir(t)
  const file = join(dir, 'odd "name".prom')
  let asked = 0
  const metrics = await openMetrics('x', file, () => {}, 5)
  for (let i = 0; i < 200; i++)
    metrics.gauge(`n_${'abcdefghij'[i % 10]}${'abcdefghijklmnopqrst'[Math.floor(i / 10)]}`, 'n', () => i)
  metrics.counter('asked_total', 'how often it was written', () => ++asked)
  for (let seen = 0; seen < 5; ) {
    const families = await waitFor('the next writing', () => {
      const families = read(file)
      return (numberOf(families, 'x_asked_total') ?? 0) > seen && families
    })
    t.equal(families.size, 202, 'with the version')
    seen = numberOf(families, 'x_asked_total') ?? 0
  }
  await metrics.finish()
  t.equal(numberOf(read(file), 'x_asked_total'), asked)
})

t.test('a folder of metrics that goes away is reported once, and the command goes on', async t => {
  const dir = join(tempDir(t), 'textfile')
  mkdirSync(dir)
  const said: string[] = []
  let asked = 0
  const metrics = await openMetrics('x', join(dir, 'a.prom'), message => said.push(message), 5)
  metrics.counter('asked_total', 'how often it was written', () => ++asked)
  await waitFor('the file', () => read(join(dir, 'a.prom')).has('x_asked_total'))
  rmSync(dir, { recursive: true })
  const then = asked
  await waitFor('further writings', () => asked > then + 3)
  t.match(said, [/^--metrics: ENOENT/])
  t.equal(said.length, 1)
  mkdirSync(dir)
  await waitFor('the file, again', () => read(join(dir, 'a.prom')))
  await metrics.finish()
})

t.test(
  '--metrics on a full disk is warned of, also at the start, and the command goes on',
  { skip: noMounts },
  async t => {
    const disk = await smallDisk(t, 64)
    disk.fill()
    const file = join(disk.path, 'a.prom')
    const warnings: string[] = []
    const metrics = await openMetrics('x', file, message => warnings.push(message), 5)
    metrics.gauge('n', 'n', () => 1)
    await waitFor('the warning', () => warnings.length > 0)
    t.match(warnings, [/^--metrics: ENOSPC/])
    t.same(readdirSync(disk.path), ['filler'], 'no drafts are left')
    disk.free()
    await waitFor('the file', () => read(file).has('x_n'))
    await metrics.finish()
    t.equal(warnings.length, 1)
  },
)

t.test('a file of metrics that cannot be written is said and ends nothing, a wrong name does', async t => {
  const run = (file: string) =>
    execa(bundle('uwsgi-parse'), ['--metrics', file], { input: '', reject: false })
  const { exitCode, stderr } = await run(join(tempDir(t), 'none/a.prom'))
  t.equal(exitCode, 0)
  t.match(stderr, /^uwsgi-parse: --metrics: ENOENT/)
  for (const name of ['a.txt', '.prom', 'dir/.prom', 'a.prom/']) {
    const { exitCode, stderr } = await run(name)
    t.equal(exitCode, 64)
    t.match(stderr, `--metrics: expected a file name that ends in .prom, got "${name}"`)
  }
})
