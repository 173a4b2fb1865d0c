/*
 * Text as roff: the source of manual pages, in the macros of man(7). The prose is a little Markdown: headings,
 * paragraphs, indented code, `term` with `:   text` below it, `code` and *value* within a line.
 */

/** What roff reads as something else than it is; a hyphen is to stay one that can be copied into a shell. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** Text that roff prints as it is. */
export function literal(text: string): string {
  return text.replace(/[\\\-'`^~]/g, character => ESCAPES[character] ?? character).replace(/^\./gm, '\\&.')
}

export function bold(text: string): string {
  return `\\fB${literal(text)}\\fP`
}

export function italic(text: string): string {
  return `\\fI${literal(text)}\\fP`
}

/** A line of prose, each sentence on a line of its own, as roff wants it. */
export function inline(text: string): string {
  return text
    .split(/(`[^`]+`|\*[^*]+\*|\b[a-z][\w.-]*\(\d\))/)
    .map((part, i) => {
      if (i % 2 === 0) return literal(part.replace(/(?<=\w\w[.?!]) (?=[A-Z])/g, '\n'))
      const [, page, section] = /^([^`].*)(\(\d\))$/.exec(part) ?? []
      if (page !== undefined) return bold(page) + section
      return (part.startsWith('`') ? bold : italic)(part.slice(1, -1))
    })
    .join('')
}

/** A term with what there is to say of it below, indented. */
export function item(term: string, text: string): string {
  return `.TP\n${term}\n${text}\n`
}

export function heading(text: string): string {
  return `.SH ${literal(text)}\n`
}

export function subheading(text: string): string {
  return `.SS ${literal(text)}\n`
}

/** A section of the prose: its heading, and the rest as roff. */
export interface Section {
  heading: string
  body: string
}

export function sections(markdown: string): Section[] {
  return markdown
    .split(/^# /m)
    .slice(1)
    .map(section => {
      const [first = '', ...rest] = section.split('\n')
      return {
        heading: first,
        body: rest
          .join('\n')
          .split(/\n{2,}/)
          .map(block)
          .join('')
          .replace(/^\.PP\n/, ''),
      }
    })
}

function block(text: string): string {
  const lines = text.replace(/^\n+|\s+$/g, '').split('\n')
  if (lines[0] === '') return ''
  if (lines.every(line => line.startsWith('    '))) {
    const code = lines.map(line => literal(line.slice(4))).join('\n')
    return `.PP\n.RS 4\n.EX\n${code}\n.EE\n.RE\n`
  }
  const [term = '', ...definition] = lines
  if (definition[0]?.startsWith(':   ')) {
    return item(inline(term), inline(definition.map(line => line.slice(4)).join(' ')))
  }
  return `.PP\n${inline(lines.join(' '))}\n`
}
