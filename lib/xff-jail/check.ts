import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expandPatterns, obstacleOf } from './log-files.js'
import type { Settings } from './settings.js'

/** How much of the log is looked at. */
const SAMPLE_LINES = 1000
const MAX_SAMPLE_BYTES = 64 << 20
/** So few lines may be what an app says before its first request. */
const FEW_LINES = 10

/** What the service tries text of strangers with: nobody, as it will be in the service. */
const AS_NOBODY = [
  'setpriv',
  ...['--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', '--bounding-set=-all'],
]

export interface CheckOptions {
  /** whether the service is asked about, which sees less of the machine */
  asService: boolean
  isRoot: boolean
  env: Record<string, string | undefined>
}

/** What is wrong with the settings, and whether it may be otherwise later on. */
export interface Problem {
  text: string
  /** what is wrong is the log, and not what is written in the settings */
  ofLog: boolean
}

/** What keeps a jail with these settings from banning anybody: the options of its commands, programs, and its log. */
export function problemsOf(settings: Settings, { asService, isRoot, env }: CheckOptions): Problem[] {
  const { parser, parse, filter, window, log, bus } = settings
  const unprivileged = asService && isRoot ? AS_NOBODY : []
  const missing = [parser?.[0], filter?.[0]].filter(name => name !== undefined && !isProgram(name, env.PATH))
  const wrong = missing.map(name => `expected a program, found none called ${JSON.stringify(name)}`)
  const tryOut = (setting: string, argv: readonly string[], input: Buffer) => {
    const { error, status, stderr } = runWith([...unprivileged, ...argv], input, env)
    const said = stderr.trim()
    if (error) wrong.push(`cannot run ${argv[0]}: ${error.message}`)
    else if (status !== 0) wrong.push(`${setting}: ${said || `${argv[0]} ended with ${status}`}`)
    return said
  }
  const none = Buffer.alloc(0)
  // which asks no broker
  if (bus.length > 0) tryOut('BUS', ['xff-bus', 'setup', '--print-auth', ...withoutFiles(bus)], none)
  if (log === 'fleet') return wrong.map(text => ({ text, ofLog: false }))
  tryOut('WINDOW', ['xff-window', ...withoutFiles(window)], none)
  const obstacles = 'files' in log ? obstaclesOf(log.files, asService) : []
  const sample = obstacles.length > 0 ? none : sampleOf(log, env)
  const said = parser ? '' : tryOut('PARSE', ['uwsgi-parse', ...withoutFiles(parse)], sample)
  const unread = wrong.length === 0 && isMany(sample) ? foreignIn(said) : []
  return [
    ...wrong.map(text => ({ text, ofLog: false })),
    ...[...obstacles, ...unread].map(text => ({ text, ofLog: true })),
  ]
}

/** Why the log cannot be read. */
export function obstaclesOf(patterns: readonly string[], asService: boolean): string[] {
  const files = expandPatterns(patterns)
  if (files.length === 0) return [`cannot read the log: no file is called like ${patterns.join(' or ')}`]
  return files.flatMap(file => obstacleOf(file, asService) ?? [])
}

/** Options that have files written, as to try an option must not; and the keys, which services find elsewhere. */
function withoutFiles(options: readonly string[]): string[] {
  const writing = /^--(metrics|unparsed|nkey|creds)(=|$)/
  return options.filter(
    (word, i) =>
      !writing.test(word) && !(writing.test(options[i - 1] ?? '') && !options[i - 1]?.includes('=')),
  )
}

function runWith(argv: readonly string[], input: Buffer, env: CheckOptions['env']) {
  const [program = '', ...args] = argv
  return spawnSync(program, args, { input, env, encoding: 'utf8', maxBuffer: MAX_SAMPLE_BYTES })
}

function sampleOf(log: Exclude<Settings['log'], 'fleet'>, env: CheckOptions['env']): Buffer {
  const [program = '', ...args] =
    'journal' in log
      ? ['journalctl', '--quiet', '--output=cat', `--lines=${SAMPLE_LINES}`, ...log.journal]
      : ['tail', '-q', '-n', String(SAMPLE_LINES), '--', ...expandPatterns(log.files)]
  const { stdout } = spawnSync(program, args, {
    env,
    maxBuffer: MAX_SAMPLE_BYTES,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return stdout ?? Buffer.alloc(0)
}

function isMany(sample: Buffer): boolean {
  let lines = 0
  for (let at = sample.indexOf('\n'); at >= 0 && lines < FEW_LINES; at = sample.indexOf('\n', at + 1))
    lines += 1
  return lines >= FEW_LINES
}

/** What uwsgi-parse says of a log in which it finds no request; what uWSGI says of itself is only the beginning of one. */
function foreignIn(said: string): string[] {
  const line = said.split('\n').find(one => one.includes('so nobody can be banned'))
  return line === undefined || line.includes('what uWSGI says of itself')
    ? []
    : [line.replace(/^uwsgi-parse: /, 'the log: ')]
}

function isProgram(name: string, path = ''): boolean {
  const folders = name.includes('/') ? [''] : path.split(delimiter)
  return folders.some(folder => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
