import { readFileSync } from 'node:fs'

/** A block of code in a page. */
export interface Block {
  file: string
  /** the line on which its text begins, from 1 */
  line: number
  /** the heading above it, without the marks; nothing above the first one behind the title */
  section: string
  /** what the fence says; nothing for a block that is indented */
  language: string
  text: string
}

/** The blocks of code of a page, fenced or indented by four. */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = []
  let section = ''
  let fence: string | undefined
  let inParagraph = false
  let open: (Block & { lines: string[] }) | undefined
  const close = () => {
    if (open) blocks.push({ ...open, text: `${open.lines.join('\n').trimEnd()}\n` })
    open = undefined
  }
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const begin = (language: string, first: number) => {
      open = { file, line: first, section, language, text: '', lines: [] }
    }
    if (fence !== undefined) {
      if (line.trim() === fence) {
        fence = undefined
        close()
      } else open?.lines.push(line)
      continue
    }
    const [, marks, language = ''] = /^(`{3,})(\w*)$/.exec(line) ?? []
    if (marks !== undefined) {
      close()
      fence = marks
      begin(language, index + 2)
    } else if (/^ {4}/.test(line) && !inParagraph) {
      if (!open) begin('', index + 1)
      open?.lines.push(line.slice(4))
    } else if (line === '') {
      open?.lines.push('')
      inParagraph = false
    } else {
      close()
      inParagraph = true
      section = /^##+ (.*)/.exec(line)?.[1] ?? section
      if (line.startsWith('#')) inParagraph = false
    }
  }
  close()
  return blocks
}
