/** What an ini file of uWSGI says about its log. */
export interface LogSettings {
  format: string | undefined
  strftime: boolean
  logDate: string | undefined
  /** `log-x-forwarded-for`: then the address that is logged is the header */
  forwarded: boolean
  /** `log-master-bufsize`, in bytes */
  bufsize: number | undefined
}

/**
 * Reads the `[uwsgi]` section of an ini file (core/ini.c): `key = value`, `;` and `#` comments, spaces around
 * both; `%(name)` is the value of an option that was set before. uWSGI's own options are few enough to be told
 * by name, whether they are written with dashes or underscores.
 */
export function readIni(text: string, wanted = 'uwsgi'): LogSettings {
  const options = new Map<string, string>()
  let section = ''
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      section = line.slice(1, -1)
      continue
    }
    if (section !== wanted) continue
    const equals = line.indexOf('=')
    const key = (equals < 0 ? line : line.slice(0, equals)).trim().replaceAll('_', '-')
    const value = equals < 0 ? 'true' : line.slice(equals + 1).trim()
    options.set(
      key,
      value.replace(/%\(([^)]+)\)/g, (variable, name: string) => options.get(name) ?? variable),
    )
  }
  const isOn = (...names: string[]) =>
    names.some(name => !/^(false|0|no|off)$/i.test(options.get(name) ?? 'false'))
  return {
    format: options.get('log-format') ?? options.get('logformat'),
    strftime: isOn('logformat-strftime', 'log-format-strftime'),
    logDate: dateFormat(options.get('log-date') ?? options.get('logdate')),
    forwarded: isOn('log-x-forwarded-for'),
    bufsize: Number(options.get('log-master-bufsize')) || undefined,
  }
}

/** `log-date = true` only switches dates on; anything else is a format of strftime. */
function dateFormat(value: string | undefined): string | undefined {
  return value === undefined || value === 'true' ? undefined : value.replaceAll('%%', '%')
}
