/**
 * The walls of the house: who may import whom, where a package or a global may be used, and how long a file and a
 * function may be. The pipeline is the architecture, and this is what keeps it so.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { readSource } from './support/source.js'

const STAGES = [
  'uwsgi-parse',
  'xff-window',
  'xff-ban',
  'xff-notify',
  'xff-import',
  'xff-report',
  'xff-jail',
  'xff-top',
  'xff-bus',
] as const

/** Rooms and files that know nothing of any command. */
const LEAVES = ['lib/exit', 'lib/bounded-map', 'lib/retry', 'lib/files/', 'lib/text/', 'lib/net/']

/** What flows between the commands. */
const WIRE = ['lib/wire/']

/** For the stages that read whole blocks. */
const FAST = ['lib/fast/buffer-pool', 'lib/fast/module']

/** What a file may import of ours, by where it lies: by the first that fits. */
const MAY_IMPORT: readonly (readonly [string, readonly string[]])[] = [
  ['lib/exit', []],
  ['lib/bounded-map', []],
  ['lib/retry', []],
  ['lib/files/', ['lib/files/']],
  ['lib/text/', []],
  ['lib/net/', ['lib/net/', 'lib/bounded-map']],

  ['lib/fast/assembly/', ['lib/fast/assembly/', 'lib/fast/block-size']],
  ['lib/fast/', ['lib/fast/block-size', 'lib/fast/buffer-pool']],

  ['lib/wire/record', ['lib/wire/field']],
  ['lib/wire/field', []],
  ['lib/wire/instant', []],
  ['lib/wire/bad-line', []],
  ['lib/wire/lines', ['lib/fast/buffer-pool']],
  ['lib/wire/', ['lib/wire/']],

  ['lib/cli/yargs-shims/', []],
  ['lib/cli/options/', ['lib/cli/options/', 'lib/exit', 'lib/net/', 'lib/text/', 'package.json']],
  [
    'lib/cli/',
    [
      'lib/cli/',
      ...LEAVES,
      'lib/wire/bad-line',
      'lib/fast/block-size',
      'lib/fast/buffer-pool',
      'package.json',
    ],
  ],

  // made when the package is built: from what the commands say of their options, and from the table of records
  [
    'lib/manual/',
    [
      'lib/manual/',
      'lib/cli/options/option',
      'lib/wire/schema',
      'package.json',
      ...STAGES.map(stage => `lib/${stage}/options`),
    ],
  ],
  ['lib/licences/', []],
  // all commands in one program
  ['lib/single/', ['bin/']],

  // which asks a running xff-ban how it is
  [
    'lib/xff-jail/status.ts',
    ['lib/xff-jail/', 'lib/xff-ban/control/client', 'lib/xff-ban/paths', ...LEAVES, ...WIRE],
  ],
  // which reads the configuration of uWSGI as uwsgi-parse does, and quotes as what else writes settings
  ['lib/xff-jail/setup/', ['lib/xff-jail/', 'lib/uwsgi-parse/settings/', 'lib/xff-import/shell', ...LEAVES]],
  // options are spelled there, and nowhere else in a stage
  ['lib/xff-ban/options', ['lib/cli/', 'lib/xff-ban/']],
  ...STAGES.map(stage => [`lib/${stage}/options`, ['lib/cli/', `lib/${stage}/`]] as const),

  [
    'lib/uwsgi-parse/assembly/',
    ['lib/uwsgi-parse/assembly/', 'lib/uwsgi-parse/sampling', 'lib/fast/assembly/'],
  ],
  ['lib/uwsgi-parse/time/', ['lib/uwsgi-parse/time/', ...LEAVES, 'lib/wire/instant']],
  [
    'lib/uwsgi-parse/layout/',
    ['lib/uwsgi-parse/layout/', 'lib/uwsgi-parse/time/', 'lib/uwsgi-parse/address-slot', ...LEAVES],
  ],
  ['lib/uwsgi-parse/settings/', ['lib/uwsgi-parse/settings/', 'lib/uwsgi-parse/layout/', ...LEAVES]],
  [
    'lib/uwsgi-parse/repair/',
    [
      'lib/uwsgi-parse/repair/',
      'lib/uwsgi-parse/layout/',
      'lib/uwsgi-parse/client',
      'lib/uwsgi-parse/address-slot',
      ...LEAVES,
    ],
  ],
  ['lib/uwsgi-parse/', ['lib/uwsgi-parse/', ...LEAVES, ...WIRE, ...FAST]],

  ['lib/xff-window/assembly/', ['lib/xff-window/assembly/', 'lib/fast/assembly/']],
  ['lib/xff-window/', ['lib/xff-window/', ...LEAVES, ...WIRE, ...FAST]],

  // of one another the rooms of xff-ban know what a ban is, and what a backend does
  ['lib/xff-ban/jail/', ['lib/xff-ban/jail/', 'lib/xff-ban/backend/backend', ...LEAVES, ...WIRE]],
  [
    'lib/xff-ban/journal/',
    ['lib/xff-ban/journal/', 'lib/xff-ban/jail/', 'lib/xff-ban/backend/backend', ...LEAVES, ...WIRE],
  ],
  ...['bpf', 'iptables', 'haproxy'].map(
    kind =>
      [
        `lib/xff-ban/backend/${kind}/`,
        [
          `lib/xff-ban/backend/${kind}/`,
          'lib/xff-ban/backend/backend',
          'lib/xff-ban/backend/run-program',
          'lib/xff-ban/jail/ban',
          ...LEAVES,
          ...WIRE,
        ],
      ] as const,
  ),
  ['lib/xff-ban/backend/choose', ['lib/xff-ban/backend/', 'lib/xff-ban/options-']],
  [
    'lib/xff-ban/backend/',
    ['lib/xff-ban/backend/', 'lib/xff-ban/jail/ban', 'lib/xff-ban/options-', ...LEAVES, ...WIRE],
  ],
  ['lib/xff-ban/', ['lib/xff-ban/', ...LEAVES, ...WIRE]],

  // the engine's calls are in its room
  ['lib/xff-bus/nats/', ['lib/xff-bus/nats/', 'lib/xff-bus/broker', ...LEAVES]],
  ['lib/xff-bus/', ['lib/xff-bus/', ...LEAVES, ...WIRE, ...FAST]],

  // for other limits a failure is dated as xff-window dates it
  [
    'lib/xff-report/what-if.ts',
    ['lib/xff-report/what-if', 'lib/xff-window/clocks', 'lib/xff-window/outage', ...LEAVES, ...WIRE],
  ],
  // and a request is read as xff-window reads it
  [
    'lib/xff-report/stage.ts',
    [
      'lib/xff-report/',
      'lib/xff-window/fast-path',
      'lib/xff-window/failure-line',
      ...LEAVES,
      ...WIRE,
      ...FAST,
    ],
  ],
  // a jail that runs is asked as the subcommands of xff-ban ask it
  // which is shown on a terminal
  ['lib/xff-top/show', ['lib/xff-top/', 'lib/cli/terminal', ...LEAVES]],
  [
    'lib/xff-top/jails',
    ['lib/xff-top/', 'lib/xff-ban/control/client', 'lib/xff-ban/paths', ...LEAVES, ...WIRE],
  ],
  ...STAGES.map(stage => [`lib/${stage}/`, [`lib/${stage}/`, ...LEAVES, ...WIRE]] as const),
  ...STAGES.map(stage => [`bin/${stage}`, [`lib/${stage}/`, 'lib/cli/', ...LEAVES, ...WIRE]] as const),
]

/** Where a package of others may be used. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  split2: /^lib\/wire\/jsonl\.ts$/,
  through2: /^lib\/(wire\/(lines|jsonl)|[\w-]+\/(fast-)?stage)\.ts$/,
  yargs: /^lib\/cli\/options\/parse\.ts$/,
  'prom-client': /^lib\/cli\/metrics\.ts$/,
  execa: /^lib\/(xff-ban\/backend|xff-notify)\//,
  nodemailer: /^lib\/xff-notify\/send-mail\.ts$/,
  'ipaddr.js': /^lib\/net\/address\.ts$/,
  yaml: /^lib\/uwsgi-parse\/settings\/yaml\.ts$/,
  '@rgrove/parse-xml': /^lib\/uwsgi-parse\/settings\/xml\.ts$/,
  '@nats-io/transport-node': /^lib\/xff-bus\/nats\//,
  tinyqueue: /^lib\/xff-ban\/jail\/expiry-queue\.ts$/,
  // what is compiled of the folders assembly
  '#assembly/uwsgi-parse': /^lib\/uwsgi-parse\/fast-path\.ts$/,
  '#assembly/xff-window': /^lib\/xff-window\/fast-(path|window)\.ts$/,
}

/** Where a global may be used. */
const GLOBALS: readonly (readonly [RegExp, RegExp])[] = [
  // uwsgi-parse resolves `--since 10m` once, at the start; xff-bus passes it on
  [/\bDate\.now\b/, /^bin\/(xff-ban|uwsgi-parse|xff-jail|xff-top|xff-bus|xff-report)\.ts$/],
  [/\bnew Date\(\)/, /^$/],
  [
    /\bperformance\.now\b/,
    /^(lib\/cli\/progress|bin\/xff-ban|bin\/xff-top|lib\/xff-ban\/backend\/(nginx|push)|lib\/xff-bus\/nats\/consumer)\.ts$/,
  ],
  [/\bprocess\.\w/, /^(bin|lib\/cli|lib\/single)\//],
]

const MAX_FILE_LINES = 250
const MAX_FUNCTION_LINES = 80

/** How often a type is asserted in all of bin and lib, where the compiler cannot know it. Only ever lower it. */
const MAX_CASTS = 30

const files = ['bin', 'lib']
  .flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(file => join(folder, file)),
  )
  .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'))

const casts: string[] = []
for (const file of files) {
  t.test(file, async t => {
    const source = readSource(file)
    for (const { name } of source.imports) {
      if (name.startsWith('node:')) continue
      if (!name.startsWith('.')) {
        t.match(file, PACKAGES[name] ?? /^$/, `imports ${name}`)
        continue
      }
      const target = normalize(join(dirname(file), name))
      const allowed = MAY_IMPORT.find(([room]) => file.startsWith(room))?.[1] ?? []
      t.ok(
        allowed.some(room => target.startsWith(room)),
        `imports ${target}`,
      )
    }
    for (const [global, places] of GLOBALS) {
      if (global.test(source.code)) t.match(file, places, `uses ${global.source}`)
    }
    t.ok(source.lines <= MAX_FILE_LINES, `is short enough to be one idea: ${source.lines} lines`)
    for (const { name, lines } of source.functions) {
      if (lines > MAX_FUNCTION_LINES) t.fail(`${name}: ${lines} lines, at most ${MAX_FUNCTION_LINES}`)
    }
    // in AssemblyScript a cast is a conversion
    if (!file.includes('/assembly/')) casts.push(...source.casts.map(cast => `${file}: ${cast}`))
  })
}

t.test('types are seldom asserted', async t => {
  t.ok(casts.length <= MAX_CASTS, `${casts.length} casts`, { casts })
})

t.test('no file needs another at run time that needs it', async t => {
  const needs = new Map(
    files.map(file => {
      const targets = readSource(file)
        .imports.filter(({ name, isType }) => !isType && name.startsWith('.'))
        .map(({ name }) => normalize(join(dirname(file), name)).replace(/(\.js)?$/, '.ts'))
      return [file, targets] as const
    }),
  )
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) return void t.fail([...path.slice(path.indexOf(file)), file].join(' -> '))
    if (done.has(file)) return
    for (const target of needs.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  t.ok(files.every(file => done.has(file)))
})

const KERNEL = 'lib/xff-ban/backend/bpf'
for (const file of readdirSync(KERNEL).filter(name => /\.[ch]$/.test(name))) {
  t.test(file, async t => {
    const lines = readFileSync(join(KERNEL, file), 'utf8').split('\n').length
    t.ok(lines <= MAX_FILE_LINES, `is short enough to be one idea: ${lines} lines`)
  })
}
