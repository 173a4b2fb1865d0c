import type { Action } from './action.js'
import type { Note } from './translation.js'

/** An address that xff-notify takes. */
const ADDRESS = /^[\w.+=/][\w.+=/-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,189}$/

/** The options of xff-notify, from the actions that send mails; undefined where none does. */
export function alerts(actions: readonly Action[], note: Note): string[] | undefined {
  const mails = actions.filter(({ does }) => does === 'mail')
  const to = new Set<string>()
  for (const { name, options } of mails) {
    const dest = options.get('dest') ?? 'root@localhost'
    for (const one of dest.split(/[\s,]+/).filter(Boolean)) {
      if (ADDRESS.test(one)) to.add(one)
      else note('action', `${name}: dest ${one}`, 'not a mail address')
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
    ...[...to].flatMap(one => ['--mail-to', one]),
    ...(from ? ['--mail-from', from] : []),
    '--sendmail',
    '/usr/sbin/sendmail',
    ...whois,
  ]
}
