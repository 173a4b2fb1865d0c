import { join } from 'node:path'
import type { Part } from './pipeline.js'
import type { Settings } from './settings.js'

/** Which processes are run: all, those that read the log and decide, the one that bans; or those that report to a fleet. */
export type Share = 'all' | 'log' | 'ban' | 'report'

/** The program that takes away from a process, and from what it starts, what it was given beyond its user. */
const UNPRIVILEGED = ['setpriv', '--ambient-caps=-all']

export interface PartsOptions {
  share: Share
  /** the log files, as the patterns select them */
  files: readonly string[]
  /** where the commands write their metrics, for the status; undefined: nowhere */
  folder: string | undefined
  /** whether we may read what our user may not, which only the reader of the log needs */
  privileged: boolean
}

/** The processes of a jail, in the order of the pipeline. */
export function partsOf(settings: Settings, { share, files, folder, privileged }: PartsOptions): Part[] {
  const { name, log, parser, parse, filter, window, ban, bus } = settings
  const plain = (argv: string[], isOurs: boolean): Part => ({
    argv: privileged ? [...UNPRIVILEGED, ...argv] : argv,
    isOurs,
  })
  const measured = (command: string, options: readonly string[], file: string) => {
    const own = folder === undefined || metricsFileIn(options) !== undefined
    return plain([command, ...options, ...(own ? [] : ['--metrics', join(folder, file)])], true)
  }
  const parsed = [
    { argv: sourceOf(settings, files), isOurs: false },
    parser ? plain(parser, false) : measured('uwsgi-parse', parse, PARSE_METRICS),
    ...(filter ? [plain(filter, false)] : []),
  ]
  if (share === 'report')
    return [...parsed, measured('xff-bus', ['write', 'requests', ...bus], REPORT_METRICS)]
  const decided =
    log === 'fleet'
      ? [measured('xff-bus', ['read', 'bans', ...bus], FLEET_METRICS)]
      : [...parsed, measured('xff-window', window, WINDOW_METRICS)]
  const enforce = { argv: ['xff-ban', '--name', name, ...ban], isOurs: true }
  return [...(share === 'ban' ? [] : decided), ...(share === 'log' ? [] : [enforce])]
}

export const PARSE_METRICS = 'parse.prom'
export const WINDOW_METRICS = 'window.prom'
const REPORT_METRICS = 'report.prom'
const FLEET_METRICS = 'fleet.prom'

/** The file of `--metrics` among the options of a command. */
export function metricsFileIn(options: readonly string[]): string | undefined {
  const at = options.indexOf('--metrics')
  return at >= 0
    ? options[at + 1]
    : options.find(word => word.startsWith('--metrics='))?.slice('--metrics='.length)
}

/** What delivers the lines of the log, from some of the old ones on. */
function sourceOf({ log, replay, since }: Settings, files: readonly string[]): string[] {
  // journalctl --lines never delivers anything if there was nothing when it started
  if (log === 'fleet') return []
  return 'journal' in log
    ? ['journalctl', '--follow', '--quiet', '--output=cat', `--since=${since}`, ...log.journal]
    : ['tail', '-q', '-n', replay, '-F', '--', ...files]
}
