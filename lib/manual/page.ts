import { groupsOf, type Option, type Usage } from '../cli/options/option.js'
import { bold, heading, inline, italic, item, literal, sections, subheading } from './roff.js'

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
    ...groupsOf(usage.options).flatMap(({ heading, options }) => [
      subheading(heading),
      ...options.map(([name, option, text]) => describe(name, option, text)),
    ]),
    subheading('General'),
    item(bold('--help'), 'Shows a summary; behind a subcommand, what that takes.'),
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
function synopsis({ command, describe, subcommands, needsSubcommand, file }: Usage): string {
  const options = '[\\fIoption\\fP ...]'
  const filter = subcommands && !needsSubcommand ? [{ call: '', describe }] : []
  const calls = [...filter, ...(subcommands ?? []), ...(file ? [file] : [])]
  if (calls.length === 0) return `${bold(command)} ${options}\n`
  return calls
    .map(({ call, describe }) => item(`${bold(`${command} ${call}`.trim())} ${options}`, inline(describe)))
    .join('')
}

function describe(name: string, { placeholder, aliases = [] }: Option<unknown>, text: string): string {
  const names = [name, ...aliases].map(
    one => bold(`--${one}`) + (placeholder ? ` ${italic(placeholder)}` : ''),
  )
  return item(names.join(', '), inline(text))
}
