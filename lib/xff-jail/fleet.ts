import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { EXIT, ExitError } from '../exit.js'
import { parseLine } from '../wire/jsonl.js'
import type { BanRecord } from '../wire/record.js'
import { type JailBan, type Known, knownIn } from './bans.js'
import type { Jail } from './jails.js'
import type { Settings } from './settings.js'
import { answerOf, type End, endOf, withoutMetrics } from './xff-ban.js'

/** How long it may take to read all bans of a fleet, in milliseconds. */
const LIMIT_MS = 60_000
/** The options of xff-ban that say who is banned and for how long; those that have a value, and those that have none. */
const WITH_VALUE = ['time', 'bantime', 'factor', 'time-max', 'remember', 'max-bans', 'widest', 'ignore']
const WITHOUT = ['increment', 'private', 'edges']

/** The bans of a fleet, by the name of a jail here that belongs to it. */
export interface FleetBans {
  jail: string
  bans: JailBan[]
  /** of the addresses that were asked for, the last ban in the stream, over or not */
  last: ReadonlyMap<string, BanRecord>
}

/**
 * Reads the bans of the fleets that these jails belong to from their brokers, and carries them out as this host would, to
 * no effect: no jail has to run for that.
 * @param folder of the settings, in which files with keys are
 * @throws RangeError where there is no fleet, ExitError where its broker is away
 */
export async function fleetBans(
  jails: readonly Jail[],
  folder: string,
  targets: readonly string[] = [],
): Promise<FleetBans[]> {
  const members = membersIn(jails)
  if (members.length === 0)
    throw new RangeError('--fleet: expected a jail with BUS in its settings, found none; see xff-jail(7)')
  return await Promise.all(members.map(member => bansOf(member, folder, targets)))
}

/** What the fleets know of an address, those that know nothing left out. */
export function knownByFleets(ip: string, fleets: readonly FleetBans[]): Known[] {
  return fleets.flatMap(({ jail, bans, last }) => knownIn(jail, ip, bans, last.get(ip)))
}

/** Of each fleet one jail: one that carries its bans out, if there is any. */
function membersIn(jails: readonly Jail[]): Settings[] {
  const members = jails.flatMap(({ settings }) => (settings && settings.bus.length > 0 ? [settings] : []))
  const enforcing = members.filter(({ log }) => log === 'fleet')
  const fleets = new Map<string, Settings>()
  for (const member of enforcing.length > 0 ? enforcing : members) {
    const fleet = ['fleet', 'server'].flatMap(name => valuesOf(name, member.bus)).join(' ')
    if (!fleets.has(fleet)) fleets.set(fleet, member)
  }
  return [...fleets.values()]
}

function valuesOf(name: string, words: readonly string[]): string[] {
  return words.flatMap((word, i) => {
    if (word.startsWith(`--${name}=`)) return [word.slice(name.length + 3)]
    return words[i - 1] === `--${name}` ? [word] : []
  })
}

async function bansOf(
  { name, bus, ban }: Settings,
  folder: string,
  targets: readonly string[],
): Promise<FleetBans> {
  const options = { cwd: folder, timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const
  const reader = spawn('xff-bus', ['read', 'bans', '--end', ...withoutMetrics(bus)], options)
  const carrier = spawn('xff-ban', ['--dry-run', ...decidingIn(ban)], options)
  // one that ends early has said why
  carrier.stdin.on('error', () => {})
  reader.stdout.pipe(carrier.stdin)
  const [last, read, { records, ...carried }] = await Promise.all([
    lastBansIn(reader.stdout, targets),
    endOf('xff-bus', reader),
    answerOf(carrier),
  ])
  for (const end of [read, carried]) if (end.code !== 0) throw failureOf(name, end)
  const bans = new Map<string, JailBan>()
  for (const record of records) {
    if (record.type === 'ban') bans.set(record.ip, { jail: name, ...record })
    else if (record.type === 'unban') bans.delete(record.ip)
  }
  return { jail: name, bans: [...bans.values()], last }
}

function failureOf(name: string, { said, code }: End): ExitError {
  const reason = said.at(-1) ?? `not all bans of the fleet came within ${LIMIT_MS / 1000} s`
  return new ExitError(`${name}: ${reason}`, code === EXIT.usage ? EXIT.usage : EXIT.unavailable)
}

async function lastBansIn(stream: Readable, targets: readonly string[]): Promise<Map<string, BanRecord>> {
  const last = new Map<string, BanRecord>()
  for await (const line of createInterface({ input: stream })) {
    if (!targets.some(ip => line.includes(JSON.stringify(ip)))) continue
    const record = parseLine(line, ['ban'])
    if (typeof record !== 'string' && targets.includes(record.ip)) last.set(record.ip, record)
  }
  return last
}

/** Those that say how it is enforced are left out. */
function decidingIn(options: readonly string[]): string[] {
  return options.flatMap((word, i) => {
    const [, name = '', value] = /^--([^=]+)(=.*)?$/s.exec(word) ?? []
    if (WITHOUT.includes(name)) return [word]
    if (!WITH_VALUE.includes(name)) return []
    const next = options[i + 1]
    return value !== undefined || next === undefined ? [word] : [word, next]
  })
}
