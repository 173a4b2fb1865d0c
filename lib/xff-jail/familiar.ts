/** What one types to fail2ban-client or cscli, as words behind the first one, and what it is here. */
type Familiar = string | ((words: readonly string[]) => string)

/** Options of cscli with an address. */
const ADDRESS = ['--ip', '-i', '--range', '-r', '--value', '-v']
const LISTS = 'xff-jail list, xff-jail ban IP or xff-jail unban IP'

/** By the first word. */
const FAMILIAR: Readonly<Record<string, Familiar>> = {
  // fail2ban-client
  set: ([jail = 'NAME', what = '', ...values]) => {
    const ips = values.filter(word => !word.startsWith('-')).join(' ') || 'IP'
    const verb = { banip: 'ban', unbanip: 'unban', addignoreip: 'allow', delignoreip: 'disallow' }[what]
    return verb === undefined
      ? `a setting in /etc/xff-jail/${jail}.conf, then systemctl restart xff-jail@${jail}`
      : `xff-jail ${verb} ${ips} --jail ${jail}`
  },
  get: ([jail = 'NAME', what = '']) => {
    if (what === 'banip' || what === 'banned') return `xff-jail list --jail ${jail}`
    return what === 'ignoreip' ? `xff-jail allowed --jail ${jail}` : `xff-jail status ${jail}`
  },
  banned: ([ip]) => (ip === undefined ? 'xff-jail list' : `xff-jail why ${ip}`),
  banip: words => `xff-jail ban ${words.join(' ') || 'IP'}`,
  unbanip: words => `xff-jail unban ${words.join(' ') || 'IP'}`,
  addignoreip: words => `xff-jail allow ${words.join(' ') || 'IP'}`,
  delignoreip: words => `xff-jail disallow ${words.join(' ') || 'IP'}`,
  unban: ([option]) => (option === '--all' ? 'xff-ban flush --name NAME' : ''),
  ping: 'xff-jail status',
  add: 'xff-jail setup, or xff-jail ban IP',
  start: service('start'),
  stop: service('stop'),
  restart: service('restart'),
  reload: service('reload'),
  version: 'xff-jail --version',

  // cscli
  decisions: ([what, ...options]) => {
    const ip = addressIn(options)
    if (what === 'list') return ip === undefined ? 'xff-jail list' : `xff-jail why ${ip}`
    if (what === 'add') return `xff-jail ban ${ip ?? 'IP'}`
    if (what !== 'delete') return LISTS
    return options.includes('--all') ? 'xff-ban flush --name NAME' : `xff-jail unban ${ip ?? 'IP'}`
  },
  alerts: ([, ...options]) => `xff-jail why ${addressIn(options) ?? 'IP'}`,
  allowlists: ([what]) => (what === 'add' ? 'xff-jail allow IP' : 'xff-jail allowed'),
  metrics: 'xff-jail status',
  bouncers: 'xff-jail status',
  explain: 'uwsgi-parse --explain < LOG',
  scenarios: 'xff-window --rule, see man xff-window',

  init: 'xff-jail setup',
  install: 'xff-jail setup',
}

/** What somebody means who types this as to another tool; undefined where it is none of that. */
export function familiar([word = '', ...words]: readonly string[]): string | undefined {
  const known = Object.hasOwn(FAMILIAR, word) ? FAMILIAR[word] : undefined
  return (typeof known === 'function' ? known(words) : known) || undefined
}

function service(verb: string): Familiar {
  return ([name = 'NAME']) =>
    `systemctl ${verb} xff-jail@${name}${verb === 'start' ? `, or xff-jail run ${name}` : ''}`
}

function addressIn(options: readonly string[]): string | undefined {
  for (const [i, option] of options.entries()) {
    const [name = '', value] = option.split('=', 2)
    if (ADDRESS.includes(name)) return value ?? options[i + 1]
  }
  return undefined
}
