/** Who may import whom: the pipeline is the architecture, and this is what keeps it so. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

const STAGES = ['uwsgi-parse', 'xff-window', 'xff-ban', 'xff-notify', 'xff-import', 'xff-report']

/** The leaves of ours that everyone may use: what flows, and how it is written down. */
const LEAVES = [
  'lib/exit',
  'lib/bounded-map',
  'lib/retry',
  'lib/files/',
  'lib/wire/record',
  'lib/wire/instant',
  'lib/wire/bad-line',
  'lib/wire/lines',
  'lib/fast/block-size',
  'lib/fast/buffer-pool',
  'lib/fast/module',
  'lib/net/',
  'lib/text/',
]

/** What a file may import of ours, by where it lies; the first that fits. */
const ALLOWED: readonly (readonly [string, readonly string[]])[] = [
  ['lib/exit', []],
  ['lib/bounded-map', []],
  ['lib/retry', []],
  ['lib/files/', []],
  ['lib/net/', ['lib/net/', 'lib/bounded-map']],
  ['lib/text/', ['lib/text/']],
  ['lib/wire/record', []],
  ['lib/wire/instant', []],
  ['lib/wire/read-record', ['lib/wire/record', 'lib/wire/instant']],
  ['lib/wire/schema', ['lib/wire/record', 'lib/wire/instant']],
  ['lib/wire/bad-line', []],
  ['lib/wire/lines', ['lib/fast/buffer-pool']],
  ['lib/fast/buffer-pool', []],
  ['lib/fast/block-size', []],
  ['lib/fast/module', ['lib/fast/block-size', 'lib/fast/buffer-pool']],
  ['lib/fast/assembly/', ['lib/fast/assembly/', 'lib/fast/block-size']],
  ...['uwsgi-parse', 'xff-window'].map(
    stage => [`lib/${stage}/assembly/`, ['lib/fast/assembly/', `lib/${stage}/assembly/`]] as const,
  ),
  ['lib/wire/jsonl', [...LEAVES, 'lib/wire/read-record']],
  ['lib/cli/', [...LEAVES, 'lib/cli/', 'package.json']],
  // made when the package is built: from what the commands say of their options
  [
    'lib/manual/',
    [
      'lib/cli/options/option',
      'lib/manual/',
      'lib/wire/schema',
      'package.json',
      ...STAGES.map(stage => `lib/${stage}/options`),
    ],
  ],
  ['lib/licences/', []],
  // what other limits would have banned is told by the window itself, not by a copy of it
  ['lib/xff-report/what-if.ts', ['lib/xff-window/window']],
  ...STAGES.map(stage => [`lib/${stage}/options`, ['lib/cli/', `lib/${stage}/`]] as const),
  ...STAGES.map(stage => [`lib/${stage}/`, [...LEAVES, 'lib/wire/', `lib/${stage}/`]] as const),
  ...STAGES.map(
    stage =>
      [
        `bin/${stage}`,
        ['lib/exit', 'lib/cli/', 'lib/net/', 'lib/text/', 'lib/wire/', `lib/${stage}/`],
      ] as const,
  ),
]

/** Where a package of others may be used. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  split2: /^lib\/wire\/jsonl\.ts$/,
  through2: /^lib\/(wire\/(lines|jsonl)|.*\/(stage|split-joined-lines))\.ts$/,
  yargs: /^lib\/cli\/options\/parse\.ts$/,
  'prom-client': /^lib\/cli\/metrics\.ts$/,
  execa: /^lib\/(xff-ban\/backend|xff-notify)\//,
  nodemailer: /^lib\/xff-notify\/send-mail\.ts$/,
  'ipaddr.js': /^lib\/net\/address\.ts$/,
  tinyqueue: /^lib\/xff-ban\/jail\/expiry-queue\.ts$/,
}

/** Where a global may be used. */
const GLOBALS: readonly (readonly [RegExp, RegExp])[] = [
  // uwsgi-parse resolves `--since 10m` once, at the start
  [/\bDate\.now\b/, /^bin\/(xff-ban|uwsgi-parse)\.ts$/],
  [/\bnew Date\(\)/, /^$/],
  [/\bperformance\.now\b/, /^(lib\/cli\/progress|bin\/xff-ban|lib\/xff-ban\/backend\/nginx)\.ts$/],
  [/\bprocess\.\w/, /^(bin|lib\/cli)\//],
]

const files = ['bin', 'lib']
  .flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(file => join(folder, file)),
  )
  .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'))

for (const file of files) {
  t.test(file, async t => {
    const source = readFileSync(file, 'utf8')
    const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    const imported = [...code.matchAll(/(?:from\s+|import\(\s*)'([^']+)'/g)].map(match => match[1] as string)
    for (const name of imported) {
      // what is compiled of the folders assembly
      if (name.startsWith('node:') || name === `#assembly/${file.split('/')[1]}`) continue
      if (name.startsWith('.')) {
        const target = normalize(join(dirname(file), name))
        const allowed = ALLOWED.find(([place]) => file.startsWith(place))?.[1] ?? []
        t.ok(
          allowed.some(place => target.startsWith(place)),
          `imports ${target}`,
        )
      } else {
        t.match(file, PACKAGES[name] ?? /^$/, `imports ${name}`)
      }
    }
    for (const [global, places] of GLOBALS) {
      if (global.test(code)) t.match(file, places, `uses ${global.source}`)
    }
    t.ok(source.split('\n').length <= 250, 'is short enough to be one idea')
  })
}

const KERNEL = 'lib/xff-ban/backend/bpf'
for (const file of readdirSync(KERNEL).filter(name => /\.[ch]$/.test(name))) {
  t.test(file, async t => {
    t.ok(readFileSync(join(KERNEL, file), 'utf8').split('\n').length <= 250, 'is short enough to be one idea')
  })
}
