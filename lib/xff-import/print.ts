import { comment, settingValue, shellPattern, shellWord } from './shell.js'
import type { Carried, Left } from './translation.js'

/** A jail as a pipeline that a shell runs, what was not carried over before it. */
export function pipelineOf(jail: Carried | Left): string {
  if ('because' in jail) return lines(heading(jail))
  const { parse, window, ban, name, notify } = jail
  const stages = [
    follow(jail),
    command('uwsgi-parse', parse),
    command('xff-window', window),
    command('xff-ban', name === undefined ? ban : [...ban, '--name', name]),
    ...(notify ? [command('xff-notify', notify)] : []),
  ]
  return lines([...heading(jail), stages.join(' |\n  ')])
}

/**
 * A jail as a settings file that a shell and systemd's EnvironmentFile read alike; the service that reads it names the
 * jail after the file.
 */
export function settingsOf(jail: Carried | Left): string {
  if ('because' in jail) return lines(heading(jail))
  const { log, parse, window, ban, notify } = jail
  const source = 'files' in log ? ['LOG', log.files] : ['JOURNAL', log.journal]
  const settings = [
    source,
    ['PARSE', parse],
    ['WINDOW', window],
    ['BAN', ban],
    ['NOTIFY', notify ?? []],
  ] as const
  return lines([
    ...heading(jail),
    ...settings.map(([name, words]) => `${name}=${settingValue(words as string[])}`),
  ])
}

function heading(jail: Carried | Left): string[] {
  const title =
    'because' in jail ? `jail ${jail.jail}: left with fail2ban: ${jail.because}` : `jail ${jail.jail}`
  return [title, ...jail.notes].map(comment)
}

function follow({ log }: Carried): string {
  if ('journal' in log) return command('journalctl', ['--follow', '--output', 'cat', ...log.journal])
  return [
    'tail',
    ...(log.files.length > 1 || /[*?[]/.test(log.files[0] ?? '') ? ['-q'] : []),
    '-F',
    ...log.files.map(shellPattern),
  ].join(' ')
}

function command(name: string, args: readonly string[]): string {
  return [name, ...args.map(shellWord)].join(' ')
}

function lines(texts: readonly string[]): string {
  return texts.map(text => `${text}\n`).join('')
}
