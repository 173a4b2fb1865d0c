import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../exit.js'
import { excerpt } from '../text/printable.js'
import { parseInstant } from '../wire/instant.js'
import type { StatusRecord } from '../wire/record.js'
import { askStatus } from '../xff-ban/control/client.js'
import { pathsOf } from '../xff-ban/paths.js'
import { journalOf } from './bans.js'
import type { Jail, Places } from './jails.js'
import { expandPatterns, obstacleOf } from './log-files.js'
import { metricsFileIn, PARSE_METRICS } from './parts.js'
import { unitOf } from './unit.js'

/** How a jail is; what is not known is left out. Times in seconds. */
export interface JailStatus {
  jail: string
  running: boolean
  /** whether its unit has been started and xff-ban does not answer yet; then nobody is banned anew */
  starting?: true
  /** the files of the log, with the time since their last lines */
  log?: { file: string; age?: number }[]
  /** of the log, since the reader started */
  lines?: number
  requests?: number
  /** lines that are no requests, and failures whose client is not known */
  foreign?: number
  unattributed?: number
  way?: string
  ports?: number[]
  /** bans in force, and held back */
  bans?: number
  held?: number
  /** requests that the bans in force have refused, where that is counted */
  hits?: number
  /** from the newest record that xff-ban has read to now */
  lag?: number
  amiss: string[]
}

/** How many lines have to be read before it is amiss that none of them is a request. */
const FEW_LINES = 10

/** @param hits what the bans of this jail have refused; undefined where that is not counted */
export async function statusOf(
  jail: Jail,
  places: Places,
  now: number,
  hits: number | undefined,
): Promise<JailStatus> {
  const { name, settings, problem } = jail
  const found: JailStatus = { jail: name, running: false, amiss: problem === undefined ? [] : [problem] }
  const journal = journalOf(settings?.ban ?? [], name, places.journals)
  try {
    const status = await askStatus(pathsOf(journal).socket)
    if (status) Object.assign(found, ofXffBan(status, now), { running: true })
    else if (settings || problem) addUnit(found, settings?.ban.includes('--dry-run'))
    else
      found.amiss.push(
        `no xff-ban runs, and it has no settings, as one tried by hand; to forget it: xff-ban flush --name ${name} --port N, then rm ${journal}`,
      )
    if (status?.failing !== undefined) found.amiss.push(`bans are not enforced: ${status.failing}`)
    if (status?.ineffective)
      found.amiss.push(`${status.ineffective} clients go on although they are banned: xff-ban check says why`)
  } catch (error) {
    found.amiss.push(messageOf(error))
  }
  if (hits !== undefined) found.hits = hits
  if (!settings) return found
  const ports = portsIn(settings.ban)
  if (ports.length > 0) found.ports = ports
  if (settings.log === 'fleet') return found
  if ('files' in settings.log) addLog(found, settings.log.files, now)
  const metrics = metricsFileIn(settings.parse) ?? join(places.run, name, PARSE_METRICS)
  if (found.running && !settings.parser) addCounts(found, metrics)
  return found
}

/** Why no xff-ban answers, as far as its unit tells. */
function addUnit(found: JailStatus, isDry = false): void {
  const unit = unitOf(found.jail)
  if (isDry && unit?.isStarting) {
    found.amiss.push('BAN has --dry-run: it bans nobody, and answers no questions')
    return
  }
  if (unit?.isStarting) found.starting = true
  found.amiss.push(unit?.text ?? `no xff-ban runs: systemctl start xff-jail@${found.jail}`)
}

function ofXffBan({ way, in_force: bans, held, newest }: StatusRecord, now: number): Partial<JailStatus> {
  const lag = newest === undefined ? undefined : Math.max(0, Math.round((now - parseInstant(newest)) / 1000))
  return {
    ...(way === undefined ? {} : { way }),
    ...(bans === undefined ? {} : { bans }),
    ...(held === undefined ? {} : { held }),
    ...(lag === undefined ? {} : { lag }),
  }
}

function portsIn(options: readonly string[]): number[] {
  return options.flatMap((word, i) => {
    const port = options[i - 1] === '--port' ? word : /^--port=(\d+)$/.exec(word)?.[1]
    return port !== undefined && /^\d+$/.test(port) ? [Number(port)] : []
  })
}

function addLog(found: JailStatus, patterns: readonly string[], now: number): void {
  const files = expandPatterns(patterns)
  if (files.length === 0) found.amiss.push(`no file is called like ${patterns.join(' or ')}`)
  found.log = files.map(file => {
    const obstacle = obstacleOf(file, false)
    if (obstacle !== undefined) found.amiss.push(obstacle)
    const stat = statSync(file, { throwIfNoEntry: false })
    return { file, ...(stat ? { age: Math.max(0, Math.round((now - stat.mtimeMs) / 1000)) } : {}) }
  })
}

/** What uwsgi-parse counts, from the file that it writes every 15 seconds. */
function addCounts(found: JailStatus, file: string): void {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    found.amiss.push('nothing reads the log, or it does not say what it reads')
    return
  }
  const lines = text.split('\n')
  const read = (name: string) => {
    const line = lines.find(line => line.startsWith(`uwsgi_parse_${name}{`))
    const value = line?.slice(line.lastIndexOf(' ') + 1)
    return value === undefined || !/^\d+$/.test(value) ? undefined : Number(value)
  }
  const counts = {
    lines: read('lines_total'),
    requests: read('requests_total'),
    foreign: read('unparsed_total'),
    unattributed: read('unattributed_total'),
  }
  for (const [name, count] of Object.entries(counts))
    if (count !== undefined) Object.assign(found, { [name]: count })
  if ((found.lines ?? 0) >= FEW_LINES && found.requests === 0)
    found.amiss.push(
      `none of ${found.lines} lines is a request, so nobody can be banned: xff-jail run ${found.jail} --check`,
    )
}

/** The same for people. */
export function statusText(status: JailStatus): string {
  const {
    jail,
    running,
    starting,
    way,
    ports,
    log,
    lines,
    requests,
    foreign,
    unattributed,
    bans,
    held,
    hits,
    lag,
    amiss,
  } = status
  const rows: [string, (string | undefined)[]][] = [
    [
      'bans',
      [
        way === undefined ? undefined : `by ${way}`,
        ports && `at port ${ports.join(', ')}`,
        count(bans, 'in force'),
        held ? count(held, 'held back') : undefined,
        count(hits, 'requests refused'),
      ],
    ],
    ...(log ?? []).map(({ file, age }): [string, string[]] => [
      'log',
      [file, age === undefined ? 'not there' : `last line ${age} s ago`],
    ]),
    [
      'lines',
      [
        count(lines, 'read'),
        count(requests, 'requests'),
        count(foreign, 'others'),
        unattributed ? count(unattributed, 'failures of an unknown client') : undefined,
      ],
    ],
    ['lag', [lag === undefined ? undefined : `the newest record is ${lag} s old`]],
    ['amiss', amiss.length > 0 ? amiss.map(text => excerpt(text, 500)) : ['nothing']],
  ]
  const shown = rows.flatMap(([name, parts]) => {
    const text = parts.filter(part => part !== undefined).join(name === 'amiss' ? '\n         ' : ', ')
    return text === '' ? [] : [`  ${name.padEnd(7)}${text}`]
  })
  return [`${jail}: ${running ? 'running' : starting ? 'starting' : 'not running'}`, ...shown, ''].join('\n')
}

function count(number: number | undefined, what: string): string | undefined {
  return number === undefined ? undefined : `${number} ${what}`
}
