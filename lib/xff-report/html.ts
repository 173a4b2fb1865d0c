/** Text that is HTML already. */
export class Html {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

/** What may stand in a template; lists are joined, and `undefined` is nothing. */
export type Content = Html | string | number | undefined | readonly Content[]

/**
 * HTML from a template. Whatever is put into it is text from outside and escaped, unless it is Html:
 * there is no way to forget it. Good between tags and in quoted attributes.
 */
export function html(parts: TemplateStringsArray, ...contents: Content[]): Html {
  return new Html(parts.reduce((before, part, i) => before + inserted(contents[i - 1]) + part))
}

function inserted(content: Content): string {
  if (content === undefined) return ''
  if (content instanceof Html) return content.source
  if (typeof content === 'object') return content.map(inserted).join('')
  return escaped(String(content))
}

/**
 * Characters that are not seen, or that move others about (bidi controls): they are shown by their numbers,
 * as on a terminal, so that no address or path looks like another one.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu

const MARKUP: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text
    .replace(UNSEEN, character => `\\u{${(character.codePointAt(0) as number).toString(16)}}`)
    .replace(/[&<>"']/g, character => MARKUP[character] as string)
}
