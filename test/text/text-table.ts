/** Tables for a terminal. */
import t from 'tap'
import { columnWidths, textTable } from '../../lib/text/text-table.js'

t.test('columns are as wide as their widest cell, and lines end without blanks', async t => {
  t.same(
    textTable(
      ['NAME', 'B'],
      [
        ['a', 'long cell'],
        ['longer', ''],
      ],
    ),
    ['NAME    B', 'a       long cell', 'longer'],
  )
})

t.test('a column with a number in it stands to the right, and its head with it', async t => {
  t.same(
    textTable(
      ['N', 'TEXT', 'SUM'],
      [
        [1200, 'x', ''],
        ['', 'y', 7],
      ],
      count => count.toFixed(1),
    ),
    ['     N  TEXT  SUM', '1200.0  x', '        y     7.0'],
  )
})

t.test('a table without rows is its heads', async t => {
  t.same(textTable(['A', 'B'], []), ['A  B'])
})

t.test('rows may be of different lengths', async t => {
  t.same(columnWidths([['a'], ['', 'bb'], ['ccc', 'd', 'e']]), [3, 2, 1])
})
