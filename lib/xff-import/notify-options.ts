import type { Action } from './action.js'
import type { Note } from './translation.js'

/** A mail address that xff-notify accepts. */
const ADDRESS = /^[\w.+=/][\w.+=/-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,189}$/

/** The options of xff-notify, from the actions that send mails; undefined where no action does. */
export function notifyOptions(actions: readonly Action[], note: Note): string[] | undefined {
  const mails = actions.filter(({ kind }) => kind === 'mail')
  const to = new Set<string>()
  for (const { name, options } of mails) {
    const dest = options.get('dest') ?? 'root@localhost'
    for (const address of dest.split(/[\s,]+/).filter(Boolean)) {
      if (ADDRESS.test(address)) to.add(address)
      else note('action', `${name}: dest ${address}`, 'not a mail address')
    }
    if (name.includes('lines'))
      note('action', name, 'a mail shows the last failure, not the lines of the log')
  }
  if (to.size === 0) return undefined
  const from = mails
    .map(({ options }) => options.get('sender'))
    .find(sender => sender && ADDRESS.test(sender))
  const whois = mails.some(({ name }) => name.includes('whois')) ? [] : ['--skip-whois']
  return [
    ...[...to].flatMap(address => ['--mail-to', address]),
    ...(from ? ['--mail-from', from] : []),
    '--sendmail',
    '/usr/sbin/sendmail',
    ...whois,
  ]
}
