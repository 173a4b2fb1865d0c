import type { Note, ReadOption, Translated } from './translation.js'

/** Where the log comes from; undefined where the jail names no log. */
export function logSource(read: ReadOption, note: Note): Translated['log'] | undefined {
  const backend = read('backend') ?? 'auto'
  if (backend.startsWith('systemd')) {
    const matches = (read('journalmatch') ?? '').split(/\s+/).filter(Boolean)
    if (matches.length > 0) return { journal: matches }
    note('backend', backend, 'there is no journalmatch to select the messages of the log')
  }
  const files = (read('logpath') ?? '')
    .split('\n')
    .map(path =>
      path
        .trim()
        .replace(/\s(?:head|tail)$/, '')
        .trim(),
    )
    .filter(path => {
      if (path === '|') note('logpath', path, 'in the settings of a service it separates the commands')
      return path !== '' && path !== '|'
    })
  if (files.some(path => /[*?[]/.test(path))) {
    note('logpath', files.join(' '), 'files that match only later are found after a restart')
  }
  return files.length > 0 ? { files } : undefined
}

/** `--tz`, from `logtimezone`: `UTC+0200`, `GMT-03:00`, `Z`. */
export function timeZoneOptions(logtimezone: string | undefined, note: Note): string[] {
  if (logtimezone === undefined || logtimezone === '') return []
  const [found, sign = '+', hours = '00', minutes = '00'] =
    /^(?:UTC|GMT|Z)?(?:([+-])(\d\d):?(\d\d)?)?$/i.exec(logtimezone.trim()) ?? []
  if (found) return ['--tz', `${sign}${hours}:${minutes}`]
  note('logtimezone', logtimezone, 'uwsgi-parse --tz takes Europe/Berlin or +02:00')
  return []
}
