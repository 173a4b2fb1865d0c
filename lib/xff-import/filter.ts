import { join } from 'node:path'
import { type Config, readConfig } from './config.js'
import { interpolated } from './interpolate.js'
import type { Read } from './translation.js'

/**
 * The failregexes of a jail, one each: its own or else those of its filter, which `%(known/failregex)s` in its own
 * stands for.
 */
export async function failregexesOf(
  config: Config,
  jail: string,
  filter: string,
  folder: string,
  read: Read,
): Promise<string[]> {
  const ofFilter = filter === '' ? '' : await definition(join(folder, 'filter.d', filter))
  const known = config.known.get(jail) ?? new Map<string, string>()
  config.known.set(jail, known.set('failregex', ofFilter.replaceAll('%', '%%')))
  return (read('failregex') ?? ofFilter).split('\n').filter(line => line.trim() !== '')
}

async function definition(base: string): Promise<string> {
  const config = await readConfig(base)
  try {
    return interpolated(config)('Definition', 'failregex') ?? ''
  } catch {
    // as written: what it says will be told as not understood
    return config.sections.get('Definition')?.get('failregex') ?? ''
  }
}
