import { describeOption, type Option, type Usage } from '../cli/options/option.js'
import { bold, heading, inline, italic, item, literal, sections } from './roff.js'

/**
 * The manual page of a command, in roff: what its options are comes from the table that its parser reads, the rest
 * from the prose, whose first section is the description.
 * @param section of the manual, 1 or 8
 */
export function commandPage(usage: Usage, section: string, version: string, prose: string): string {
  const [description, ...rest] = sections(prose)
  if (description?.heading !== 'DESCRIPTION') throw new Error(`${usage.command}: no DESCRIPTION comes first`)
  return [
    title(usage.command, section, version),
    heading('NAME'),
    `${literal(usage.command)} \\- ${literal(brief(usage.describe))}\n`,
    heading('SYNOPSIS'),
    synopsis(usage),
    heading('DESCRIPTION'),
    description.body,
    heading('OPTIONS'),
    ...Object.entries(usage.options).map(([name, option]) => describe(name, option)),
    item(bold('--help'), 'Shows a summary of these options.'),
    item(bold('--version'), 'Shows the version.'),
    ...rest.flatMap(({ heading: name, body }) => [heading(name), body]),
  ].join('')
}

/** A page that is prose only; its first line is what it is about. */
export function topicPage(name: string, section: string, version: string, prose: string): string {
  const [about = ''] = prose.split('\n', 1)
  return [
    title(name, section, version),
    heading('NAME'),
    `${literal(name)} \\- ${literal(about)}\n`,
    ...sections(prose).flatMap(({ heading: text, body }) => [heading(text), body]),
  ].join('')
}

/** A sentence as the line of an index. */
function brief(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}

function title(name: string, section: string, version: string): string {
  // no date: the same sources give the same page
  return `.TH ${literal(name.toUpperCase())} ${section} "" "xff\\-jail ${literal(version)}" "xff\\-jail"\n`
}

/** How the command is called: with the words that its help shows, or with options alone. */
function synopsis({ command, describe, subcommands, file }: Usage): string {
  const options = '[\\fIoption\\fP ...]'
  const calls = [...(subcommands ? [{ call: '', describe }, ...subcommands] : []), ...(file ? [file] : [])]
  if (calls.length === 0) return `${bold(command)} ${options}\n`
  return calls
    .map(({ call, describe }) => item(`${bold(`${command} ${call}`.trim())} ${options}`, inline(describe)))
    .join('')
}

function describe(name: string, option: Option<unknown>): string {
  const { placeholder, aliases = [], defaultText } = option
  const names = [name, ...aliases].map(
    one => bold(`--${one}`) + (placeholder ? ` ${italic(placeholder)}` : ''),
  )
  const fallback = defaultText ? ` (default: ${defaultText})` : ''
  return item(names.join(', '), inline(describeOption(option) + fallback))
}
