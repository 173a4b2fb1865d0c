#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Values } from '../lib/cli/options/option.js'
import { checked, checkedLater, parseWords, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { writeInBlocks, writeText } from '../lib/cli/stdout.js'
import { EXIT } from '../lib/exit.js'
import { didYouMean } from '../lib/text/nearest.js'
import {
  banTable,
  eachBan,
  hitsOf,
  type Known,
  knownOf,
  listBans,
  touches,
  whyText,
} from '../lib/xff-jail/bans.js'
import { callEach } from '../lib/xff-jail/change.js'
import { fleetBans, knownByFleets } from '../lib/xff-jail/fleet.js'
import { findJails, type Jail, PLACES } from '../lib/xff-jail/jails.js'
import { usage } from '../lib/xff-jail/options.js'
import type { Control } from '../lib/xff-jail/pipeline.js'
import { checkJail, runJail } from '../lib/xff-jail/run.js'
import { askAt } from '../lib/xff-jail/setup/ask.js'
import { statusOf, statusText } from '../lib/xff-jail/status.js'
import { readSubcommand, refuseFamiliar } from '../lib/xff-jail/subcommand.js'

/** built beside the bundle */
const DROP_INS = fileURLToPath(new URL('drop-ins', import.meta.url))

const isRoot = process.getuid?.() === 0

run(usage.command, async ({ warn }) => {
  const argv = process.argv.slice(2)
  checked('', () => refuseFamiliar(argv))
  const read = await parseWords(usage, argv)
  if (!read) return null
  const { given } = read
  const subcommand = checked('', () => readSubcommand(read.words))
  const places = { ...PLACES, settings: given.folder }
  const asText = process.stdout.isTTY
  switch (subcommand.verb) {
    case 'setup':
      writeText(await setup(subcommand.name, given))
      break
    case 'run': {
      const options = { name: subcommand.name, folder: given.folder, env: process.env, isRoot }
      const asService = isStartedBySystemd()
      if (given.check) checkJail({ ...options, asService })
      else
        process.exitCode = await runJail({
          ...options,
          asService,
          share: given.only ?? 'all',
          privileged: !isRoot && hasAmbientCapability(),
          metricsIn: places.run,
          onStart: control,
        })
      break
    }
    case 'status': {
      const jails = chosen(places, [...given.jail, ...subcommand.names])
      const found = await Promise.all(
        jails.map(async jail => statusOf(jail, places, Date.now(), await hitsOf(jail))),
      )
      writeText(asText ? found.map(statusText).join('\n') : jsonLines(found))
      if (found.some(({ amiss }) => amiss.length > 0)) process.exitCode = EXIT.amiss
      break
    }
    case 'list':
      await list(chosen(places, given.jail), given, warn)
      break
    case 'why': {
      const { targets } = subcommand
      for (const [ip, known] of await knowledgeOf(targets, given, places, warn)) {
        if (known.every(({ bans }) => bans.length === 0)) process.exitCode = EXIT.notBanned
        writeText(
          asText ? whyText(ip, known, Date.now()) : jsonLines(known.length > 0 ? known : [{ ip, bans: [] }]),
        )
      }
      break
    }
    case 'allowed': {
      const { records, code } = await callEach('allowed', [], [], chosen(places, given.jail), warn)
      writeText(jsonLines(records))
      process.exitCode = code
      break
    }
    case 'ban':
    case 'unban':
    case 'allow':
    case 'disallow': {
      const { verb, targets } = subcommand
      const options = (['for', 'reason', 'note'] as const).flatMap(name =>
        given[name] === undefined ? [] : [`--${name}`, String(given[name])],
      )
      const jails = chosen(places, given.jail)
      const { records, code } = await callEach(verb, targets, options, jails, warn)
      writeText(jsonLines(records))
      process.exitCode = code
      break
    }
  }
  return null
})

/** @throws UsageError where something has to be known that is not */
async function setup(name: string | undefined, given: Values<typeof usage.options>): Promise<string> {
  const { setUp } = await import('../lib/xff-jail/setup/setup.js')
  const { stdin, stdout, stderr } = process
  const terminal = stdin.isTTY && stdout.isTTY && stderr.isTTY ? askAt(stdin, stderr) : undefined
  try {
    return await checkedLater('', () => setUp({ ...given, name, dropIns: DROP_INS, ask: terminal?.ask }))
  } finally {
    terminal?.close()
  }
}

/** What is known of each of these addresses: by the jails of this machine, or by the brokers of their fleets. */
async function knowledgeOf(
  targets: readonly string[],
  given: Values<typeof usage.options>,
  places: typeof PLACES,
  warn: (message: string) => void,
): Promise<(readonly [ip: string, known: Known[]])[]> {
  const jails = chosen(places, given.jail)
  if (given.fleet) {
    const fleets = await askFleets(jails, given.folder, targets)
    return targets.map(ip => [ip, knownByFleets(ip, fleets)])
  }
  const bans = await listBans(jails, warn, touches(targets))
  return knownOf(targets, jails, bans, places.journals)
}

/** Writes a table of all bans, or the bans as they are read, jail by jail: there may be a million. */
async function list(
  jails: readonly Jail[],
  given: Values<typeof usage.options>,
  warn: (message: string) => void,
): Promise<void> {
  if (given.fleet || process.stdout.isTTY) {
    const fleets = given.fleet ? await askFleets(jails, given.folder) : undefined
    const bans = fleets ? fleets.flatMap(({ bans }) => bans) : await listBans(jails, warn)
    writeText(process.stdout.isTTY ? banTable(bans, Date.now()) : jsonLines(bans))
    return
  }
  const blocks = writeInBlocks()
  for (const jail of jails) {
    await eachBan(jail, warn, ban => blocks.add(jsonLines([ban])))
    await blocks.flush()
  }
}

/** @throws UsageError where there is none */
async function askFleets(jails: readonly Jail[], folder: string, targets: readonly string[] = []) {
  return await checkedLater('', () => fleetBans(jails, folder, targets))
}

/** @throws UsageError where there is no jail, or none of this name */
function chosen(places: typeof PLACES, names: readonly string[]): Jail[] {
  const jails = findJails(places)
  const known = jails.map(({ name }) => name)
  if (jails.length === 0)
    throw new UsageError(
      `no jail is on this machine: ${places.settings} has no settings, and ${places.journals} no journal; see xff-jail(7)`,
    )
  const unknown = names.find(name => !known.includes(name))
  if (unknown !== undefined)
    throw new UsageError(
      `expected the name of a jail (${known.join(', ')}), got ${JSON.stringify(unknown)}${didYouMean(unknown, known)}`,
    )
  return names.length > 0 ? jails.filter(({ name }) => names.includes(name)) : jails
}

/** Signals go to the processes of the jail. */
function control({ stop, reload }: Control): void {
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', reload)
}

/** INVOCATION_ID alone is also there in what a service starts, such as a terminal of a desktop. */
function isStartedBySystemd(): boolean {
  const { INVOCATION_ID, SYSTEMD_EXEC_PID } = process.env
  return INVOCATION_ID !== undefined && (SYSTEMD_EXEC_PID ?? `${process.pid}`) === `${process.pid}`
}

function hasAmbientCapability(): boolean {
  const status = readFileSync('/proc/self/status', 'latin1')
  return !/^CapAmb:\s0*$/m.test(status)
}

function jsonLines(records: readonly object[]): string {
  return records.map(record => `${JSON.stringify(record)}\n`).join('')
}
