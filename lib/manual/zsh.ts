import { describeOption, type Option, type Usage } from '../cli/options/option.js'
import { type Offer, type OfferKind, offerFor, subcommandNames } from './complete.js'

/** How zsh offers it. */
const ZSH: Readonly<Record<OfferKind, string>> = {
  files: '_files',
  folders: '_files -/',
  programs: '_command_names -e',
  devices: '_net_interfaces',
  'at-file': '{compset -P @ && _files}',
}

/** How much of a description stands beside an option. */
const MAX_DESCRIPTION_LENGTH = 72

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
  const { command, file } = usage
  const { all, ofBanned } = subcommandNames(usage)
  const specs = [
    ...Object.entries(usage.options).flatMap(([name, option]) => spec(name, option)),
    `'(- *)--help[show help]'`,
    `'(- *)--version[show version number]'`,
    ...(all.length > 0 ? [`'1:word:(${all.join(' ')})'`, `'*:address:->addresses'`] : []),
    ...(file ? [`'*:file:_files'`] : []),
  ]
  return [
    `#compdef ${command}\n# made from its options\n`,
    ofBanned.length > 0 ? BANNED : '',
    'local curcontext=$curcontext state line\ntypeset -A opt_args\n',
    `_arguments -C ${specs.join(' \\\n  ')}\n`,
    ofBanned.length > 0
      ? `[[ $state == addresses && $line[1] == (${ofBanned.join('|')}) ]] && _xff_ban_banned\n`
      : '',
  ].join('')
}

function spec(name: string, option: Option<unknown>): string[] {
  const { placeholder, aliases = [], repeatable } = option
  const names = [name, ...aliases].map(one => `--${one}`)
  // the names of one that may be given once exclude each other
  const before = repeatable ? '*' : `(${names.join(' ')})`
  return names.map(
    one =>
      `'${before}${one}${placeholder ? '=' : ''}[${safe(short(describeOption(option)))}]${placeholder ? action(placeholder, option) : ''}'`,
  )
}

function action(placeholder: string, option: Option<unknown>): string {
  return `:${safe(placeholder)}:${zshOf(offerFor(option))}`
}

function zshOf(offer: Offer | undefined): string {
  if (offer === undefined) return ' '
  return typeof offer === 'string' ? ZSH[offer] : `(${offer.join(' ')})`
}

function short(text: string): string {
  return text.length > MAX_DESCRIPTION_LENGTH
    ? `${text.slice(0, MAX_DESCRIPTION_LENGTH).replace(/\s+\S*$/, '')} ...`
    : text
}

/** Text within the quotes and brackets of a spec. */
function safe(text: string): string {
  return text.replace(/[\\:[\]]/g, '\\$&').replaceAll("'", "'\\''")
}
