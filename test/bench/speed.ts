/**
 * How fast the commands are, against what people would type instead, on the same files in the same run.
 *
 *     make bench            LINES=200000 ROUNDS=3 for a quick look
 */
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { makeLog } from './log.js'
import { LOGS, logOf } from './logs.js'
import { liveDelays } from './lone-line.js'
import { type Contender, measure, peaksOf, secondsOf } from './measure.js'
import { printTable, quantile } from './table.js'

const LINES = Number(process.env.LINES ?? 2_000_000)
const ROUNDS = Number(process.env.ROUNDS ?? 5)
const DIR = 'build/bench'
const has = (program: string) =>
  ['/usr/bin', '/bin', '/usr/local/bin'].some(path => existsSync(`${path}/${program}`))

const logs = LOGS.map(({ name }) => logOf(name, LINES, DIR))
const log = (name: string) => logs.find(one => one.name === name)?.file ?? ''
makeLog(`${DIR}/part.log`, { lines: 20_000, percentFailures: 10 })

// as README.md has it for grep
const RECIPE = "'\\(.*\\) .* \\(HTTP/[012.]+ [45][0-9][0-9]\\)'"
const PIPELINE = '| xff-window | xff-ban --dry-run --clock log'
const REGEX = "'<HOST> \\(.*\\) .* \\(HTTP/[012.]+ [45][0-9][0-9]\\)'"

const reads = logs.flatMap(({ name, file, options = '', awk }): Contender[] => [
  {
    name: `mawk, ${name}`,
    line: `mawk '${awk} END { for (ip in n) print n[ip], ip }' ${file}`,
    lines: LINES,
  },
  { name: `uwsgi-parse, ${name}`, line: `uwsgi-parse ${options} < ${file}`, lines: LINES },
  { name: `pipeline, ${name}`, line: `uwsgi-parse ${options} < ${file} ${PIPELINE}`, lines: LINES },
])
const RULES = '--rule @test/bench/twenty-rules'
const contenders: Contender[] = [
  { name: 'wc -l', line: `wc -l < ${log('10 %')}`, lines: LINES },
  // grep stops at the first match when nobody can see its output
  { name: 'grep -cE, 1 %', line: `grep -cE ${RECIPE} ${log('1 %')} | cat`, lines: LINES },
  ...reads,
  {
    name: 'pipeline, 10 %, 20 rules',
    line: `uwsgi-parse < ${log('10 %')} ${PIPELINE.replace('xff-window', `xff-window ${RULES}`)}`,
    lines: LINES,
  },
  { name: 'xff-window, 100 %', line: `xff-window < ${DIR}/requests.jsonl`, lines: LINES },
]
if (has('fail2ban-regex')) {
  contenders.push({ name: 'fail2ban-regex', line: `fail2ban-regex ${DIR}/part.log ${REGEX}`, lines: 20_000 })
}
await secondsOf(`uwsgi-parse < ${log('100 %')} > ${DIR}/requests.jsonl`)

if (!has('fail2ban-regex')) console.log('without fail2ban-regex, which is not installed')
if (!has('mawk')) console.log('without mawk, which is not installed')
const figures = await measure(
  contenders.filter(({ line }) => !line.startsWith('mawk') || has('mawk')),
  ROUNDS,
)
const rate = (name: string): number => {
  const { lines = Number.NaN } = contenders.find(contender => contender.name === name) ?? {}
  return lines / (figures.get(name)?.seconds ?? Number.NaN)
}
printTable(
  `${LINES} lines, medians of ${ROUNDS}`,
  ['', 'lines/s', 'peak MB'],
  [...figures].map(([name, { megabytes }]) => [
    name,
    Math.round(rate(name)).toLocaleString('en'),
    megabytes.toFixed(0),
  ]),
)
printTable(
  'Against what people would type, on the same log',
  ['', 'times as fast', 'goal'],
  (
    [
      ['pipeline, 10 %', 'mawk, 10 %', 2],
      ['pipeline, 10 %, all banned', 'mawk, 10 %, all banned', 2],
      ['pipeline, 10 %, botnet', 'mawk, 10 %, botnet', 2],
      ['pipeline, 100 %', 'mawk, 100 %', 1.5],
      ['pipeline, 100 %, botnet', 'mawk, 100 %, botnet', 1],
      ['uwsgi-parse, 10 %, combined', 'mawk, 10 %, combined', 2],
      ['uwsgi-parse, 10 %, JSON', 'mawk, 10 %, JSON', 2],
      ['uwsgi-parse, 1 %', 'grep -cE, 1 %', 5],
      ['uwsgi-parse, 1 %', 'wc -l', undefined],
      ['pipeline, 10 %', 'fail2ban-regex', undefined],
      ['pipeline, 10 %, 20 rules', 'pipeline, 10 %', 0.8],
    ] as const
  )
    .filter(([, theirs]) => figures.has(theirs))
    .map(([ours, theirs, goal]) => [
      `${ours} against ${theirs}`,
      (rate(ours) / rate(theirs)).toFixed(2),
      goal?.toFixed(1) ?? '',
    ]),
)

// memory: the same log over and over, each time a day later would be; a tenth, then all of it, then ten times
const repeat = (times: number) => `for i in $(seq ${times}); do cat ${log('10 %')}; done`
const small = await peaksOf(`head -n ${LINES / 10} ${log('10 %')} | uwsgi-parse ${PIPELINE}`)
const once = await peaksOf(`cat ${log('10 %')} | uwsgi-parse ${PIPELINE}`)
const tenfold = await peaksOf(`{ ${repeat(10)}; } | uwsgi-parse ${PIPELINE}`)
const commands = ['uwsgi-parse', 'xff-window', 'xff-ban']
printTable(
  'Memory of each command of the pipeline, peak MB',
  ['', ...commands],
  (
    [
      [LINES / 10, small],
      [LINES, once],
      [LINES * 10, tenfold],
    ] as const
  ).map(([lines, peaks]) => [
    `${lines} lines`,
    ...commands.map(command => (peaks.get(command) ?? 0).toFixed(0)),
  ]),
)

// xff-window: a million addresses, then a million more
const addresses = (count: number) => {
  const file = `${DIR}/${count}-addresses.jsonl`
  if (existsSync(file)) return file
  const out = openSync(file, 'w')
  for (let i = 0; i < count; i += 1000) {
    const lines = Array.from({ length: 1000 }, (_, j) => {
      const ip = `11.${(i + j) >> 16}.${((i + j) >> 8) & 255}.${(i + j) & 255}`
      return (
        `{"type":"request","time":"2026-11-22T14:00:00.000Z","ip":"${ip}","status":404,"method":"GET",` +
        '"uri":"/","protocol":"HTTP/1.1","bytes":3,"msecs":0}\n'
      )
    })
    writeSync(out, lines.join(''))
  }
  closeSync(out)
  return file
}
const many = await measure(
  [1_000_000, 2_000_000].map(lines => ({
    name: `${lines} addresses`,
    line: `xff-window < ${addresses(lines)}`,
    lines,
  })),
  ROUNDS,
)
printTable(
  'xff-window with many addresses; the goals are 2,000,000 records/s and 100 MB with a million',
  ['', 'peak MB', 'records/s'],
  [...many].map(([name, { megabytes, seconds }]) => [
    name,
    megabytes.toFixed(0),
    Math.round(Number.parseInt(name, 10) / seconds).toLocaleString('en'),
  ]),
)

// xff-report: few addresses that are rarely banned, those that are banned all the time, and nearly each another one
const failures = await Promise.all(
  ['100 %', '100 %, all banned', '100 %, botnet'].map(async name => {
    const file = `${DIR}/${LINES} ${name}.jsonl`.replaceAll(/[ %,]+/g, '-')
    await secondsOf(`uwsgi-parse < ${logOf(name, LINES, DIR).file} > ${file}`)
    return { name, line: `xff-report --text < ${file}`, lines: LINES }
  }),
)
printTable(
  `xff-report --text, ${LINES} failures; the goals for 2,000,000 are 5 s and 200 MB`,
  ['', 'peak MB', 's'],
  [...(await measure(failures, ROUNDS))].map(([name, { megabytes, seconds }]) => [
    name,
    megabytes.toFixed(0),
    seconds.toFixed(1),
  ]),
)

// a hostile line of 64 KB against one of 1 KB, for the same bytes in all
const hostile = (size: number) => {
  const head = '[pid: 7|app: 0|req: 1/1] '
  const piece =
    'a (b) {1 vars in 1 bytes} [Sun Nov 22 14:06:08 2026] GET / => generated 3 bytes in 0 msecs (x '
  const tail =
    ' () {1 vars in 1 bytes} [Sun Nov 22 14:06:08 2026] GET / => generated 3 bytes in 0 msecs (HTTP/1.0 404) 2 headers in 71 bytes (1 switches on core 0)\n'
  return (
    head +
    piece
      .repeat(Math.ceil((size - head.length - tail.length) / piece.length))
      .slice(0, size - head.length - tail.length) +
    tail
  )
}
for (const size of [1000, 64_000])
  writeFileSync(`${DIR}/hostile-${size}.log`, hostile(size).repeat(32_000_000 / size))
const short = await measure(
  [{ name: 'short', line: `uwsgi-parse < ${DIR}/hostile-1000.log`, lines: 32_000 }],
  3,
)
const long = await measure([{ name: 'long', line: `uwsgi-parse < ${DIR}/hostile-64000.log`, lines: 500 }], 3)
const each = (figure: { seconds: number } | undefined, lines: number) =>
  ((figure?.seconds ?? 0) / lines) * 1e6
printTable(
  'A hostile line',
  ['', 'µs'],
  [
    ['of 1 KB', each(short.get('short'), 32_000).toFixed(0)],
    ['of 64 KB', each(long.get('long'), 500).toFixed(0)],
    ['ratio', (each(long.get('long'), 500) / each(short.get('short'), 32_000)).toFixed(1)],
  ],
)

const starts = await measure(
  [
    { name: 'node -e 0', line: 'node -e 0', lines: 0 },
    ...['uwsgi-parse', 'xff-window', 'xff-ban', 'xff-report'].map(name => ({
      name,
      line: `${name} --help`,
      lines: 0,
    })),
  ],
  Math.max(ROUNDS, 7),
)
const bare = starts.get('node -e 0')?.seconds ?? Number.NaN
printTable(
  'Start-up: --help; the goal is 1.4 times node -e 0',
  ['', 'ms', 'times node -e 0'],
  [...starts].map(([name, { seconds }]) => [name, (seconds * 1000).toFixed(0), (seconds / bare).toFixed(2)]),
)

const delays = await liveDelays(120)
printTable(
  'A lone line through all three commands',
  ['', 'ms'],
  [
    ['p50', quantile(delays, 0.5).toFixed(1)],
    ['p99', quantile(delays, 0.99).toFixed(1)],
  ],
)
