/**
 * No text from outside can make a regular expression slow: each one in `bin` and `lib` is proved to match in linear
 * time, by recheck, which turns it into an automaton and looks for ambiguity.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkSync } from 'recheck'
import t from 'tap'
import ts from 'typescript'
import { harakiriFormat } from '../lib/uwsgi-parse/harakiri.js'
import { encodingOf } from '../lib/uwsgi-parse/layout/encoder.js'
import { compileFormat, OWN_FORMAT, ownFormat } from '../lib/uwsgi-parse/layout/log-format.js'
import { LAYOUTS, namedFormat } from '../lib/uwsgi-parse/layout/named.js'
import { strftimePattern } from '../lib/uwsgi-parse/layout/strftime.js'
import { PREFIXES } from '../lib/uwsgi-parse/repair/collector-prefixes.js'
import { ORDINARY } from '../lib/xff-ban/ordinary-ban.js'

process.env.RECHECK_BACKEND = 'pure'

/** Run by `make dist` alone, over our own options, pages and licences. */
const AT_BUILD_TIME = ['lib/manual/', 'lib/licences/']

/** Patterns that are not linear, each with what makes that harmless. */
const NOT_LINEAR: Readonly<Record<string, string>> = {}

/** Patterns that are made at run time, each with what keeps it linear. */
const MADE_AT_RUN_TIME: Readonly<Record<string, string>> = {
  'lib/uwsgi-parse/fast-layout.ts': 'the dates of the formats below, at the beginning of 64 characters',
  'lib/uwsgi-parse/harakiri.ts': 'the formats below',
  'lib/uwsgi-parse/layout/log-format.ts': 'the formats below',
  'lib/uwsgi-parse/layout/named.ts': 'the layouts below',
  'lib/uwsgi-parse/layout/parts.ts': 'the formats below',
  'lib/uwsgi-parse/layout/strftime.ts': 'the formats below',
  'lib/uwsgi-parse/layout/uwsgi.ts': 'the formats below',
  'lib/uwsgi-parse/repair/collector-prefixes.ts': 'the prefixes below',
  'lib/xff-ban/ordinary-ban.ts': 'the shape below',
  'lib/xff-import/failregex.ts': 'test/xff-import/failregex.ts',
}

// a minute on a slow and busy machine
t.setTimeout(900_000)

interface Pattern {
  /** `file:line` */
  place: string
  source: string
  flags: string
}

const files = ['bin', 'lib']
  .flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(file => join(folder, file)),
  )
  .filter(
    file =>
      file.endsWith('.ts') &&
      !file.endsWith('.d.ts') &&
      !AT_BUILD_TIME.some(folder => file.startsWith(folder)),
  )

/** The literals of a file, and the places at which it makes patterns of texts. */
function patternsOf(file: string): { literals: Pattern[]; made: string[] } {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const literals: Pattern[] = []
  const made: string[] = []
  const visit = (node: ts.Node): void => {
    const place = `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/')
      literals.push({ place, source: node.text.slice(1, end), flags: node.text.slice(end + 1) })
    }
    if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp')
      made.push(place)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { literals, made }
}

function isLinear(t: { equal: typeof import('tap').default.equal }, { place, source, flags }: Pattern): void {
  // without a bound a repetition matches all that it matched with one, and the automaton is small enough to be searched
  const unbounded = source.replace(/\{1,\d+\}/g, '+')
  // without a time limit, so that a slow machine proves the same
  const { status, ...found } = checkSync(unbounded, flags, { timeout: null })
  const attack = 'attack' in found ? found.attack.pattern : undefined
  t.equal(status, 'safe', `${place}: /${source}/${flags}`, { attack })
}

t.test('every pattern matches in linear time', t => {
  const literals = files.flatMap(file => patternsOf(file).literals)
  t.ok(literals.length > 100, `${literals.length} patterns are found`)
  for (const pattern of literals) if (!(pattern.source in NOT_LINEAR)) isLinear(t, pattern)
  const sources = literals.map(({ source }) => source)
  t.same(
    Object.keys(NOT_LINEAR).filter(source => !sources.includes(source)),
    [],
    'no exception is out of date',
  )
  t.end()
})

t.test('patterns are made at run time only where that is shown to be safe', t => {
  const made = files.flatMap(file => patternsOf(file).made.map(place => place.replace(/:\d+$/, '')))
  t.same([...new Set(made)].sort(), Object.keys(MADE_AT_RUN_TIME).sort())
  t.end()
})

/** Formats that have a variable of each grammar, next to every kind of free text. */
const FORMATS = [
  '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(referer)" "%(uagent)"',
  '%(tmsecs) %(micros) %(msecs) %(secs) %(epoch) %(var.HTTP_X_REAL_IP) %(addr) %(status) %(rsize) %(hsize) %(uri)',
  '[pid: %(pid)|app: -|req: -/-] %(addr) (%(user)) {%(vars) vars in %(pktsize) bytes} [%(ctime)] %(method) %(uri) => ' +
    'generated %(rsize) bytes in %(msecs) msecs (%(proto) %(status)) %(headers) headers in %(hsize) bytes (%(switches) switches on core %(core))',
  '%(addr) %(ftime) %d/%b/%Y:%H:%M:%S %z %(status) 100%% %(host) %(wid) %(cl)',
]

t.test('the patterns of a log-format match in linear time', t => {
  const compiled = FORMATS.map(format => compileFormat({ format, strftime: true, logDate: '%FT%T%z' }))
  const own = [OWN_FORMAT, ownFormat({ socket: 'http' }), ownFormat({ socket: 'uwsgi', forwarded: false })]
  const named = LAYOUTS.map(name => namedFormat(name, {}))
  const encoding = encodingOf([`format <\${unix} \${strftime:%F} \${msg}> \${micros}`, 'nl'])
  const encoded = encoding && !('problem' in encoding) ? ownFormat({ encoding }) : undefined
  t.ok(encoded?.tail)
  const made = [...own, ...own.map(harakiriFormat), ...compiled, ...named, encoded, PREFIXES, ORDINARY]
  const patterns = made.flatMap(patternsIn)
  t.ok(patterns.length > 10, `${patterns.length} patterns are made`)
  const dates = [
    '%a %b %e %H:%M:%S %Y',
    '%d/%b/%Y:%H:%M:%S %z',
    '%FT%T%z',
    '%s',
    '%A, %d-%B-%y %I:%M:%S %p %Z',
  ]
  for (const date of dates) patterns.push(new RegExp(`^${strftimePattern(date)}$`))
  for (const { source, flags } of patterns) isLinear(t, { place: 'made', source, flags })
  t.end()
})

/** Every pattern in a value, however deep. */
function patternsIn(value: unknown): RegExp[] {
  if (value instanceof RegExp) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(patternsIn) : []
}
