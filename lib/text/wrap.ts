/**
 * Text in rows of at most so many characters, broken between words; a word that is longer stands alone in its row.
 * @returns at least one row
 */
export function wrap(text: string, columns: number): string[] {
  const rows: string[] = []
  let row = ''
  for (const word of text.split(' ')) {
    if (row !== '' && row.length + 1 + word.length > columns) {
      rows.push(row)
      row = word
    } else row = row === '' ? word : `${row} ${word}`
  }
  return [...rows, row]
}
