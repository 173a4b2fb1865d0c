import { visible } from '../text/printable.js'

/** HTML source, which is not escaped again. */
export class Html {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

/** What a template accepts; lists are joined, and `undefined` is omitted. */
export type Content = Html | string | number | undefined | readonly Content[]

/**
 * HTML from a template. Every value is escaped unless it is Html, so that escaping cannot be forgotten. Safe between
 * tags and in quoted attributes.
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

const MARKUP: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, character => MARKUP[character] ?? '')
}
