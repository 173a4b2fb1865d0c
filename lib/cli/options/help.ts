import { wrap } from '../../text/wrap.js'
import { type Call, type Example, groupsOf, nameOf, type Option, subcommandOf, type Usage } from './option.js'

/** Where descriptions begin: beside what they describe, or below it where that is longer. */
const COLUMN = 24

/** The lines that stand between two empty ones. */
type Block = readonly string[]

/** The help of a command, or of the subcommand that the words begin with; descriptions are wrapped to so many columns. */
export function helpText(usage: Usage, words: readonly string[], columns: number): string {
  const called = subcommandOf(usage, words)
  const blocks = called ? ofSubcommand(usage, called, columns) : ofCommand(usage, columns)
  return blocks
    .filter(block => block.length > 0)
    .map(block => `${block.join('\n')}\n`)
    .join('\n')
}

function ofCommand(usage: Usage, columns: number): Block[] {
  const { command, describe, subcommands = [], needsSubcommand, file, options, examples } = usage
  const [first] = subcommands
  const more = first ? ` (${command} ${nameOf(first)} --help shows what one takes)` : ''
  return [
    [
      ...(needsSubcommand ? [] : [`${command} [options]`]),
      ...(first ? [`${command} SUBCOMMAND [options]`] : []),
      ...(file ? [`${command} [options] ${file.call}`] : []),
    ],
    wrap(describe, columns),
    file ? item(file.call, file.describe, columns) : [],
    section(
      `Subcommands${more}`,
      subcommands.map(({ call, describe }) => item(call, describe, columns)),
    ),
    ...optionBlocks(options, columns),
    section('General', [
      item('--help', 'show this', columns),
      item('--version', 'show the version', columns),
    ]),
    exampleBlock(examples, columns),
  ]
}

function ofSubcommand(usage: Usage, called: Call, columns: number): Block[] {
  const { call, describe, takes, examples = [] } = called
  const name = nameOf(called)
  const options = Object.entries(usage.options).filter(([option, { verbs }]) =>
    verbs ? verbs.includes(name) : (takes?.includes(option) ?? true),
  )
  return [
    [`${usage.command} ${call} [options]`],
    wrap(sentence(describe), columns),
    // what else is for other subcommands goes without saying
    ...optionBlocks(
      Object.fromEntries(options.map(([name, { verbs: _, ...option }]) => [name, option])),
      columns,
    ),
    wrap(usage.subcommandsNote ?? '', columns).filter(Boolean),
    exampleBlock(examples, columns),
  ]
}

function optionBlocks(options: Usage['options'], columns: number): Block[] {
  return groupsOf(options).map(({ heading, options }) =>
    section(
      heading,
      options.map(([name, option, text]) => item(spelled(name, option), text, columns)),
    ),
  )
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function spelled(name: string, { placeholder, aliases = [] }: Option<unknown>): string {
  const names = [name, ...aliases].map(one => `--${one}`).join(', ')
  return placeholder ? `${names} ${placeholder}` : names
}

function exampleBlock(examples: readonly Example[], columns: number): Block {
  return section(
    examples.length === 1 ? 'Example' : 'Examples',
    examples.map(([line, does]) => [`  ${line}`, ...wrap(does, columns - 6).map(row => `      ${row}`)]),
  )
}

function section(heading: string, items: readonly Block[]): Block {
  return items.length === 0 ? [] : [`${heading}:`, ...items.flat()]
}

/** Something and its description. */
function item(term: string, text: string, columns: number): Block {
  const rows = wrap(text, Math.max(1, columns - COLUMN)).map(row => ' '.repeat(COLUMN) + row)
  const isBeside = term.length + 4 <= COLUMN
  return isBeside
    ? [`  ${term}`.padEnd(COLUMN) + rows[0]?.trimStart(), ...rows.slice(1)]
    : [`  ${term}`, ...rows]
}
