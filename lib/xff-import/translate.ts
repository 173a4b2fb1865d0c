import { readAction } from './action.js'
import { backendOptions } from './backend-options.js'
import type { Config } from './config.js'
import { statusesOf, statusList } from './failregex.js'
import { failregexesOf } from './filter.js'
import { ignoreOptions } from './ignore-options.js'
import { type Get, InterpolationError, interpolated } from './interpolate.js'
import { logSource, timeZoneOptions } from './log-source.js'
import { notifyOptions } from './notify-options.js'
import { parseCall, parseCalls } from './parse-call.js'
import { socketOptions } from './socket-options.js'
import { isTrue, type Note, type ReadOption, type Skipped, type Translated } from './translation.js'
import { banTimeOptions, windowOptions } from './window-options.js'

/** Options that are translated, or that only serve to make up others. */
const TRANSLATED = new Set(
  `enabled filter failregex logpath journalmatch backend maxretry findtime bantime ignoreip port protocol chain
  action logtimezone destemail sender mta banaction banaction_allports mode bantime.increment bantime.maxtime
  ignoreself`.split(/\s+/),
)
/** Why some of the other options have no counterpart. */
const REASONS: Readonly<Record<string, string>> = {
  ignoreregex:
    'failures cannot be ignored by their text; xff-window --status sets which statuses are failures',
  ignorecommand: 'no program is run; --ignore takes addresses, ranges and @FILE',
  datepattern: "uwsgi-parse reads the date of uWSGI's own layout",
  prefregex: "uwsgi-parse reads uWSGI's own layout",
  maxlines: 'a request is one line',
  logencoding: 'uwsgi-parse reads bytes; header values are never decoded',
  usedns: 'names are never looked up: an address is an address or unknown',
  maxmatches: 'a ban record holds the last failure',
  'bantime.factor': 'each ban of an address is twice as long as the one before',
  'bantime.formula': 'each ban of an address is twice as long as the one before',
  'bantime.multipliers': 'each ban of an address is twice as long as the one before',
  'bantime.rndtime': 'the time of a ban is not random',
  'bantime.overalljails': 'each xff-ban remembers its own bans only',
}

/** The difference to the recipe's `<HOST> \\(`. */
const CLIENT_NOTE =
  'different: <HOST> was the last address of the header; uwsgi-parse skips private addresses, or those of --trust'

/**
 * Translates a jail of fail2ban.
 * @param folder holds `filter.d` and `action.d`
 * @param isAsked whether somebody has named this jail: then its log is uWSGI's
 */
export async function translateJail(
  config: Config,
  jail: string,
  folder: string,
  isAsked = false,
): Promise<Translated | Skipped> {
  const notes: string[] = []
  const note: Note = (option, value, reason) => {
    const shown = value === '' ? option : `${option} = ${joinedLines(value)}`
    const text = `not carried over: ${shown}: ${reason}`
    if (!notes.includes(text)) notes.push(text)
  }
  const skip = (reason: string): Skipped => ({ jail, skipped: reason, notes })
  const own = config.sections.get(jail)
  const raw = (option: string) => own?.get(option) ?? config.sections.get('DEFAULT')?.get(option) ?? ''
  const get = interpolated(config, { fail2ban_confpath: folder, fail2ban_version: '1.0' })
  const read = optionReader(get, jail, raw, note)

  if (!isTrue(read('enabled'))) return { ...skip('it is not enabled'), isOff: true }
  const filter = parseCall(read('filter') ?? '')
  const logpath = read('logpath')
  const failregexes = await failregexesOf(config, jail, filter.name, folder, read)
  const statuses = failregexes.map(statusesOf)
  const isUwsgi = /uwsgi/i.test(`${jail} ${filter.name} ${logpath}`) || statuses.some(Boolean)
  if (!isUwsgi && !isAsked) return skip(await strangerOf(read, folder))
  failregexes.forEach((failregex, i) => {
    if (!statuses[i]) note('failregex', failregex, "not one of uWSGI's request lines by status alone")
  })
  const counted = statuses.flatMap(found => found ?? [])
  if (counted.length === 0) return skip('none of its failregex could be carried over')
  notes.push(CLIENT_NOTE)
  const log = logSource(read, note)
  if (!log) return skip('it has no log')

  const status = statusList(counted)
  const statusOption = status === '4xx,5xx' ? [] : ['--status', status]
  const { calls, unread } = parseCalls(read('action') ?? '')
  for (const text of unread) note('action', text, 'not of the form name[option=value, ...]')
  const actions = await Promise.all(calls.map(call => readAction(call, folder)))
  const parse = [
    ...socketOptions(actions, text => notes.push(text)),
    ...statusOption,
    ...timeZoneOptions(read('logtimezone'), note),
  ]
  const window = [...windowOptions(read, note), ...statusOption]
  const ban = [
    ...backendOptions(actions, read('port'), note),
    ...banTimeOptions(read, note),
    ...ignoreOptions(read('ignoreip') ?? '', note),
  ]
  const name = nameOf(jail, note)
  const notify = notifyOptions(actions, note)
  for (const [option, value] of own ?? []) {
    if (!TRANSLATED.has(option) && value !== '') note(option, value, REASONS[option] ?? 'no counterpart')
  }
  return { jail, log, parse, window, ban, name, notify, notes }
}

/** Why a jail is left alone that does not say it watches uWSGI, and what xff-ban can do for it. */
async function strangerOf(read: ReadOption, folder: string): Promise<string> {
  const reason =
    "not recognised as uWSGI's: neither the jail nor its filter nor its logpath says so, and no failregex fits"
  const { calls } = parseCalls(read('action') ?? '')
  const actions = await Promise.all(calls.map(call => readAction(call, folder)))
  if (!actions.some(({ kind }) => kind === 'string-match')) return reason
  return (
    `${reason}. Its action looks for the client in packets: beside a running xff-ban, ` +
    '"actionban = xff-ban ban <ip>" and "actionunban = xff-ban unban <ip>" can take its place'
  )
}

function joinedLines(value: string): string {
  return value
    .split('\n')
    .map(line => line.trim())
    .join(' ')
}

function optionReader(get: Get, jail: string, raw: (option: string) => string, note: Note): ReadOption {
  return option => {
    try {
      return get(jail, option)
    } catch (error) {
      if (!(error instanceof InterpolationError)) throw error
      note(option, raw(option), `its value ${error.message}`)
      return undefined
    }
  }
}

/** The jail's name without the characters that xff-ban does not accept in the names of its chain and journal. */
function nameOf(jail: string, note: Note): string | undefined {
  const name = jail
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 28)
  if (name !== jail) note('name', jail, 'not a name of up to 28 letters, digits and _.-')
  return name === '' ? undefined : name
}
