import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, ExitError } from '../exit.js'
import { obstaclesOf, problemsOf } from './check.js'
import { expandPatterns } from './log-files.js'
import { partsOf, type Share } from './parts.js'
import { type Control, runPipeline } from './pipeline.js'
import { readSettings, SettingsError } from './settings.js'

export interface RunOptions {
  name: string
  /** where the settings are */
  folder: string
  share: Share
  env: Record<string, string | undefined>
  isRoot: boolean
  /** whether the service reads the log, which sees less of the machine than we do */
  asService: boolean
  /** whether we have more capabilities than our user, for the reader of the log alone */
  privileged: boolean
  /** where a folder of metrics for each jail is, if the service has not made one: RUNTIME_DIRECTORY */
  metricsIn: string
  onStart: (control: Control) => void
}

/**
 * Runs the pipeline of a jail.
 * @returns its exit code, see runPipeline
 * @throws ExitError for settings or a log that cannot be used
 */
export async function runJail(options: RunOptions): Promise<number> {
  const { name, folder, share, env, asService, privileged, onStart } = options
  const settings = readSettings(folder, name)
  const { log, others, file, bus } = settings
  if (share === 'report' && (log === 'fleet' || bus.length === 0))
    throw new SettingsError(
      `${file}: expected BUS with options of xff-bus, and LOG or JOURNAL, to report what is in it`,
    )
  const patterns = log !== 'fleet' && 'files' in log && share !== 'ban' ? log.files : []
  // the service has tried the rest before it started
  if (share === 'all') checkJail({ ...options, asService: false })
  else complain(patterns.length > 0 ? obstaclesOf(patterns, asService) : [], EXIT.noInput)
  const parts = partsOf(settings, {
    ...{ share, privileged },
    files: expandPatterns(patterns),
    folder: share === 'ban' ? undefined : metricsFolder(options),
  })
  return await runPipeline(parts, { ...env, ...others }, onStart)
}

/** @throws ExitError that says all that is wrong: EX_USAGE for what is written there, EX_NOINPUT for the log alone */
export function checkJail(
  options: Pick<RunOptions, 'name' | 'folder' | 'env' | 'isRoot' | 'asService'>,
): void {
  const { name, folder, env } = options
  const settings = readSettings(folder, name)
  const problems = problemsOf(settings, { ...options, env: { ...env, ...settings.others } })
  const isOfLog = problems.every(({ ofLog }) => ofLog)
  complain(
    problems.map(({ text }) => `${settings.file}: ${text}`),
    isOfLog ? EXIT.noInput : EXIT.usage,
  )
}

function complain(problems: readonly string[], code: 64 | 66): void {
  if (problems.length > 0) throw new ExitError(problems.join('\n'), code)
}

/** Where the metrics go that `status` reads; without them it says less. */
function metricsFolder({ name, env, metricsIn }: RunOptions): string | undefined {
  const made = env.RUNTIME_DIRECTORY?.split(':')[0]
  if (made) return made
  try {
    const folder = join(metricsIn, name)
    mkdirSync(folder, { recursive: true })
    return folder
  } catch {
    return undefined
  }
}
