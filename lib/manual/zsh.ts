import type { Option, Usage } from '../cli/options/option.js'
import { type Offer, offerOf } from './complete.js'

/** How zsh offers it. */
const ZSH: Readonly<Record<string, string>> = {
  files: '_files',
  folders: '_files -/',
  programs: '_command_names -e',
  devices: '_net_interfaces',
  'at-file': '{compset -P @ && _files}',
}

/** How much of a description stands beside an option, in characters. */
const SHOWN = 72

const BANNED = `_xff_ban_banned() {
  local -a jail banned
  (( $+opt_args[--name] )) && jail=(--name $opt_args[--name])
  (( $+opt_args[--state] )) && jail=(--state $opt_args[--state])
  banned=(\${(f)"$(xff-ban list $jail 2>/dev/null < /dev/null |
    sed -nE 's/.*"ip":"([0-9a-f.:\\/]+)".*/\\1/p')"})
  compadd -a banned
}
`

/** The completion of a command for zsh, as a file for its `fpath`. */
export function zshCompletion(usage: Usage): string {
  const { command, verbs = [], lifting = [], files } = usage
  const specs = [
    ...Object.entries(usage.options).flatMap(([name, option]) => spec(name, option)),
    `'(- *)--help[show help]'`,
    `'(- *)--version[show version number]'`,
    ...(verbs.length > 0 ? [`'1:word:(${verbs.join(' ')})'`, `'*:address:->addresses'`] : []),
    ...(files ? [`'*:file:_files'`] : []),
  ]
  return [
    `#compdef ${command}\n# made from its options\n`,
    lifting.length > 0 ? BANNED : '',
    'local curcontext=$curcontext state line\ntypeset -A opt_args\n',
    `_arguments -C ${specs.join(' \\\n  ')}\n`,
    lifting.length > 0
      ? `[[ $state == addresses && $line[1] == (${lifting.join('|')}) ]] && _xff_ban_banned\n`
      : '',
  ].join('')
}

function spec(name: string, option: Option<unknown>): string[] {
  const { value, aliases = [], describe } = option
  const names = [name, ...aliases].map(one => `--${one}`)
  // one that may be given many times says so; the names of any other exclude each other
  const again = describe.endsWith('(repeatable)')
  const before = again ? '*' : `(${names.join(' ')})`
  return names.map(
    one =>
      `'${before}${one}${value ? '=' : ''}[${safe(short(describe))}]${value ? action(value, option) : ''}'`,
  )
}

function action(value: string, option: Option<unknown>): string {
  return `:${safe(value)}:${zshOf(offerOf(option))}`
}

function zshOf(offer: Offer | undefined): string {
  if (offer === undefined) return ' '
  return typeof offer === 'string' ? (ZSH[offer] as string) : `(${offer.join(' ')})`
}

function short(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN).replace(/\s+\S*$/, '')} ...` : text
}

/** Text within the quotes and brackets of a spec. */
function safe(text: string): string {
  return text.replace(/[\\:[\]]/g, '\\$&').replaceAll("'", "'\\''")
}
