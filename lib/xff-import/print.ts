import { comment, settingValue, shellPattern, shellWord } from './shell.js'
import type { Skipped, Translated } from './translation.js'

/** A jail as a pipeline for a shell; comments before it name what was not carried over. */
export function pipelineOf(jail: Translated | Skipped): string {
  if ('skipped' in jail) return lines(heading(jail))
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
 * A jail as a settings file, which a shell and systemd's EnvironmentFile read alike. The jail has no name in it: that is
 * the name of the file.
 */
export function settingsOf(jail: Translated | Skipped): string {
  if ('skipped' in jail) return lines(heading(jail))
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

function heading(jail: Translated | Skipped): string[] {
  const title =
    'skipped' in jail ? `jail ${jail.jail}: left with fail2ban: ${jail.skipped}` : `jail ${jail.jail}`
  return [title, ...jail.notes].map(comment)
}

function follow({ log }: Translated): string {
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
