import type { Usage } from '../cli/options/option.js'
import { dashed, type Offer, type OfferKind, offerFor, subcommandNames } from './complete.js'

/** How bash offers it, for what is typed so far: `$cur`. */
const BASH: Readonly<Record<OfferKind, string>> = {
  files: 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")',
  folders: 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur")',
  programs: 'mapfile -t COMPREPLY < <(compgen -c -- "$cur")',
  devices: 'mapfile -t COMPREPLY < <(cd /sys/class/net && compgen -f -- "$cur")',
  // readline hands over what stands behind the @, and takes back what includes it
  'at-file':
    '[[ $cut == *@ ]] && { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -P @ -f -- "$cur"); }',
}

/** The words that are typed: bash cuts them at = and @ too. Needs nothing of the package bash-completion. */
const TYPED = `  local at=$COMP_CWORD cur='' cut='' option
  COMPREPLY=()
  if [[ \${COMP_WORDS[at]} =~ ^[=@]+$ ]]; then
    cut=\${COMP_WORDS[at]}
  else
    cur=\${COMP_WORDS[at]}
    if [[ \${COMP_WORDS[at - 1]} =~ ^[=@]+$ ]]; then
      at=$((at - 1)) cut=\${COMP_WORDS[at]}
    fi
  fi
  option=\${COMP_WORDS[at - 1]}
`

/** The addresses that are banned, as the jail tells that the line names; readline cuts them at each colon. */
const BANNED = `      local typed=\${COMP_LINE:0:COMP_POINT} jail=() i
      typed=\${typed##*[[:space:]]}
      for ((i = 1; i < COMP_CWORD; i++)); do
        [[ \${COMP_WORDS[i]} == --@(name|state) ]] && jail=("\${COMP_WORDS[i]}" "\${COMP_WORDS[i + 1]}")
      done
      mapfile -t COMPREPLY < <(compgen -W "$(xff-ban list "\${jail[@]}" 2>/dev/null < /dev/null |
        sed -nE 's/.*"ip":"([0-9a-f.:\\/]+)".*/\\1/p')" -- "$typed")
      COMPREPLY=("\${COMPREPLY[@]#"\${typed%"\${typed##*:}"}"}")
`

/** The completion of a command for bash, as a file that bash reads. */
export function bashCompletion(usage: Usage): string {
  const { command, file } = usage
  const { all, ofBanned } = subcommandNames(usage)
  const fn = `_${command.replaceAll('-', '_')}`
  const options = dashed(usage)
  const names = [...options.map(([name]) => name), '--help', '--version'].join(' ')
  const cases = new Map<string, string[]>()
  for (const [name, option] of options) {
    if (option.placeholder === undefined) continue
    const how = bashOf(offerFor(option))
    cases.set(how, [...(cases.get(how) ?? []), name])
  }
  return [
    `# completion of ${command} for bash; made from its options\n`,
    `${fn}() {\n${TYPED}`,
    '  case $option in\n',
    ...[...cases].map(([how, options]) => `    ${options.join(' | ')}) ${how}${how && '; '}return ;;\n`),
    '  esac\n',
    `  if [[ $cur == -* ]]; then\n    ${wordList(names)}\n    return\n  fi\n`,
    ...words(all, ofBanned),
    file ? `  ${BASH.files}\n` : '',
    !file && all.length === 0 ? `  ${wordList(names)}\n` : '',
    `}\ncomplete -F ${fn} ${command}\n`,
  ].join('')
}

function bashOf(offer: Offer | undefined): string {
  if (offer === undefined) return ''
  return typeof offer === 'string' ? BASH[offer] : wordList(offer.join(' '))
}

function wordList(words: string): string {
  return `mapfile -t COMPREPLY < <(compgen -W '${words}' -- "$cur")`
}

/** The words besides options: a subcommand first, and banned addresses after some of them. */
function words(all: readonly string[], ofBanned: readonly string[]): string[] {
  if (all.length === 0) return []
  const behind = (some: readonly string[]) => some.map(verb => `*' ${verb} '*`).join(' | ')
  return [
    `  case "\${COMP_WORDS[*]:0:COMP_CWORD} " in\n`,
    `    ${behind(ofBanned)})\n${BANNED}      ;;\n`,
    `    ${behind(all)}) ;;\n`,
    `    *) ${wordList(all.join(' '))} ;;\n`,
    '  esac\n',
  ]
}
