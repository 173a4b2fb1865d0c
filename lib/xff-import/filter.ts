import { join } from 'node:path'
import { type Config, readConfig } from './config.js'
import { interpolated } from './interpolate.js'
import type { ReadOption } from './translation.js'

/**
 * The failregexes of a jail, one a line: its own, or else those of its filter. In its own, `%(known/failregex)s`
 * refers to the filter's.
 * @param folder holds `filter.d`
 */
export async function failregexesOf(
  config: Config,
  jail: string,
  filter: string,
  folder: string,
  read: ReadOption,
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
    // as written; it will be noted as not understood
    return config.sections.get('Definition')?.get('failregex') ?? ''
  }
}
