import { EXIT, ExitError, messageOf } from '../exit.js'
import { formatInstant } from '../wire/instant.js'
import type { Backend } from './backend/backend.js'
import { chooseBackend } from './backend/choose.js'
import type { CheckOptions } from './check/check.js'
import type { Asked } from './control/run.js'
import { readSubcommand, type Subcommand } from './control/subcommand.js'
import { createAllowed } from './jail/allowed.js'
import type { BrakeOptions } from './jail/brake.js'
import { escalation } from './jail/escalation.js'
import { createExempt } from './jail/exempt.js'
import { whileNameIsFree } from './journal/lock.js'
import type { OpenOptions } from './open.js'
import type { Given } from './options.js'
import { WAIT_S } from './options-check.js'
import { askedBy } from './options-orders.js'
import { type JailPaths, pathsOf } from './paths.js'

const DEFAULT_HOLD_S = 300

/** What the process has of the system. */
export interface System {
  /** the wall clock, milliseconds since 1970 */
  now: () => number
  /** milliseconds since boot, time asleep included */
  sinceBoot: () => number
  /** milliseconds since any instant, for durations */
  monotonic: () => number
  pid: number
  /** who calls, for people */
  user: () => string
  /** the built kernel program */
  object: string
  /** what starts uwsgi-parse */
  parser: readonly string[]
}

/** What the command line comes to. This file is the only one that knows how options are spelled, beside their tables. */
export interface Settings
  extends Pick<
    OpenOptions,
    'jailOptions' | 'clocks' | 'pid' | 'now' | 'flush' | 'verifyMs' | 'storm' | 'hits'
  > {
  /** how long the log may be silent; undefined: as `createHealth` has it */
  silenceMs: number | undefined
  subcommand: Subcommand
  /** undefined: no ban is held back */
  brakeOptions: Omit<BrakeOptions, 'warn'> | undefined
  system: System
  /** of the jail */
  name: string
  paths: JailPaths
  /** whether nothing is enforced, and nothing remembered */
  isRehearsal: boolean
  /** whether what refuses clients does so by the clock of the log */
  waitForReader: boolean
  /** what is said of what the subcommand asks for */
  asked: Asked
  /** of `check`: what it needs beside the rest */
  check: Pick<CheckOptions, 'log' | 'waitMs' | 'really' | 'reading' | 'ports'> | undefined
  /** @throws ExitError for options that do not go together */
  openBackend: (warn: (message: string) => void) => Promise<Backend>
}

/** @throws RangeError that names the option or quotes the word */
export function settingsOf(words: readonly string[], given: Given, system: System): Settings {
  const { now, sinceBoot, monotonic, object, pid } = system
  const { name, state = `/var/lib/xff-ban/${name}.jsonl` } = given
  const subcommand = readSubcommand(words)
  const isRehearsal = given['dry-run']
  const followsLog = given.clock === 'log'
  const allowed = createAllowed(given.widest)
  const exempt = createExempt({
    ignore: given.ignore.flat(),
    trust: given.trust.flat(),
    edges: given.edges,
    private: given.private,
    widest: given.widest,
    now,
  })
  return {
    ...{ subcommand, system, name, isRehearsal, paths: pathsOf(state), pid },
    jailOptions: {
      banMs: escalation({ ...given, timeMax: given['time-max'] }),
      maxBans: given['max-bans'],
      rememberMs: given.remember * 1000,
      exempt: exempt.reason,
      inside: exempt.inside,
      allowed,
    },
    brakeOptions: brakeSettings(given),
    check: checkSettings(subcommand, given),
    clocks: { wall: now, sinceBoot, monotonic },
    now: followsLog ? undefined : now,
    waitForReader: isRehearsal || followsLog,
    asked: askedBy(subcommand.verb, given, seconds => formatInstant(now() + seconds * 1000), system.user),
    flush: given.flush,
    verifyMs: given.verify * 1000,
    storm: given.storm,
    hits: given.hits,
    silenceMs: given.blind === undefined ? undefined : given.blind * 1000,
    async openBackend(warn) {
      try {
        const holesIn = (ip: string) =>
          [...exempt.inside(ip), ...allowed.inside(ip)].map(({ range }) => range)
        const context = { name, state, object, now, holesIn, whileFree: whileNameIsFree, warn }
        return await chooseBackend(given, followsLog, context)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        const isAlone = subcommand.verb !== 'filter' && !isRehearsal
        const context = isAlone ? 'no xff-ban of this name is running: ' : ''
        throw new ExitError(context + messageOf(error), EXIT.usage, { cause: error })
      }
    },
  }
}

/** @throws RangeError for `--hold` without it */
function brakeSettings({ brake = 0, hold }: Given): Settings['brakeOptions'] {
  if (brake > 0) return { share: brake, holdMs: (hold ?? DEFAULT_HOLD_S) * 1000 }
  if (hold !== undefined) throw new RangeError('--hold: expected --brake with it, got none')
  return undefined
}

/** @throws RangeError for `check` without a log */
function checkSettings(subcommand: Subcommand, given: Given): Settings['check'] {
  if (subcommand.verb !== 'check') return undefined
  const { log, wait = WAIT_S, really, ini, socket, layout, address, field, hops } = given
  if (log === undefined) throw new RangeError('check: expected --log with the log of the app, got none')
  return {
    ...{ log, really, waitMs: wait * 1000, ports: given.port },
    reading: {
      ini,
      socket,
      layout,
      address,
      field,
      hops,
      'log-format': given['log-format'],
      trust: given.trust.flat(),
    },
  }
}
