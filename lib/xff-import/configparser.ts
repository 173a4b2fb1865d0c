/** Options by their names in lower case. */
export type Section = Map<string, string>

/** A file as Python's configparser reads it, with the settings that fail2ban uses. */
export interface Ini {
  /** by their names as written, `DEFAULT` included */
  sections: Map<string, Section>
  /** numbers of the lines that are neither section, option nor continuation, from 1 */
  badLines: number[]
}

/**
 * `[section]`, `name = value` or `name: value`; a line that is indented deeper than its option's continues the value;
 * a line that begins with `#` or `;` is a comment, and so is the rest of a line after ` ;`. Nothing is interpolated yet.
 */
export function parseIni(text: string): Ini {
  const sections = new Map<string, Section>()
  const badLines: number[] = []
  let section: Section | undefined
  let option: string | undefined
  let indent = 0

  for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
    const content = withoutComment(line).trim()
    if (content === '') {
      // an empty line inside a value is part of it, a comment is not
      if (section && option !== undefined && line.trim() === '') append(section, option, '')
      continue
    }
    const depth = line.search(/\S/)
    if (section && option !== undefined && depth > indent) {
      append(section, option, content)
      continue
    }
    indent = depth
    const [, header] = /^\[(.+)\]/.exec(content) ?? []
    const separator = content.search(/[=:]/)
    if (header !== undefined) {
      option = undefined
      section = sections.get(header) ?? new Map()
      sections.set(header, section)
    } else if (section && separator > 0) {
      option = content.slice(0, separator).trimEnd().toLowerCase()
      section.set(option, content.slice(separator + 1).trimStart())
    } else {
      badLines.push(i + 1)
    }
  }
  for (const options of sections.values()) {
    for (const [name, value] of options) options.set(name, value.trimEnd())
  }
  return { sections, badLines }
}

function append(section: Section, option: string, line: string): void {
  section.set(option, `${section.get(option)}\n${line}`)
}

function withoutComment(line: string): string {
  if (/^\s*[#;]/.test(line)) return ''
  const at = line.search(/\s;/)
  return at < 0 ? line : line.slice(0, at)
}
