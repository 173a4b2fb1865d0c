/**
 * wrap-ansi for our help texts, which are ASCII without colours: rows of whole words, and a word that is longer than a
 * row in pieces.
 */
export default function wrap(text: string, wanted: number): string {
  const columns = Math.max(1, wanted)
  const rowsFor = (words: string) => Math.ceil(words.length / columns)

  const wrapLine = (line: string): string => {
    const rows: string[] = []
    let row = ''
    for (const word of line.trim().split(' ')) {
      const longer = row === '' ? word : `${row} ${word}`
      if (longer.length <= columns || rowsFor(longer) <= rowsFor(word)) {
        row = longer
      } else {
        rows.push(row.trimEnd())
        row = word
      }
      for (; row.length > columns; row = row.slice(columns)) rows.push(row.slice(0, columns))
    }
    return [...rows, row].join('\n')
  }

  return text.split('\n').map(wrapLine).join('\n')
}
