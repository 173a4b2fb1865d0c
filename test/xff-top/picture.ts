import fc from 'fast-check'
import t from 'tap'
import type { Board } from '../../lib/xff-top/board.js'
import { picture, plainText } from '../../lib/xff-top/picture.js'
import { createScreen } from '../../lib/xff-top/screen.js'
import { seeded } from '../support/seeded.js'

const NOW = Date.UTC(2026, 10, 22, 14, 6, 8)

/** A board of which every text is from outside. */
function boardOf(text: string, count: number): Board {
  const record = {
    ...({ type: 'ban', ip: '203.0.113.7', rule: text, reason: text, by: text } as const),
    last: { status: 404, method: text, uri: text },
  }
  return {
    now: NOW,
    sources: [
      {
        ...{ name: text, state: 'failing', problems: [text], age: 1000, rate: 1, bans: count, held: 1 },
        ...{ ineffective: 1, way: text },
      },
    ],
    present: Array.from({ length: count }, (_, i) => ({
      ...{ ip: `203.0.113.${i}`, source: text, hits: i, rate: 1, last: NOW, failures: 3, isBanned: true },
      answer: record.last,
    })),
    paths: [[text, count]],
    bans: Array.from({ length: count }, () => ({ source: text, record, state: 'in force' as const })),
    growth: [undefined, 0, count],
    held: [{ ...record, type: 'held', falls: '2026-11-22T14:06:08Z', source: text }],
  }
}

t.test('whatever is shown, the screen has its size, and nothing but printable ASCII', async t => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom(
      '\x1b[2J\x1b]0;owned\x07',
      '\u202eexe.gpj',
      '中文路径',
      'a\r\nb',
      'e\u0301',
      '\u{1f469}\u200d\u{1f469}',
    ),
  )
  fc.assert(
    fc.property(
      text,
      fc.nat(60),
      fc.integer({ min: 20, max: 250 }),
      fc.integer({ min: 5, max: 80 }),
      (text, count, columns, rows) => {
        const board = boardOf(text, count)
        const lines = picture(board, { columns, rows, chosen: 0, foot: '', panel: undefined })
        return (
          lines.length === rows &&
          lines.every(({ text }) => text.length <= columns && /^[ -~]*$/.test(text)) &&
          /^[ -~\n]*$/.test(plainText(board))
        )
      },
    ),
    seeded(t, 300),
  )
})

t.test('every table has rows at 80x24, and whoever is chosen is in sight', async t => {
  const board = boardOf('/path', 40)
  const shown = picture(board, { columns: 80, rows: 24, chosen: 39, foot: 'foot', panel: undefined }).map(
    ({ text }) => text,
  )
  t.match(
    shown.find(line => line.startsWith('>')),
    '203.0.113.39',
  )
  for (const head of ['AT IT NOW', 'LAST BANS', 'PATH'])
    t.ok(
      shown.some(line => line.includes(head)),
      head,
    )
  t.ok(
    shown.some(line => line.includes('held')),
    'what is held back stands in front',
  )
  t.equal(shown.at(-1), 'foot')
})

t.test('only lines that have changed are written', async t => {
  const { draw, forget } = createScreen(true)
  const lines = (last: string) =>
    [
      { text: 'a', look: 'plain' },
      { text: last, look: 'bad' },
    ] as const
  t.equal(draw(lines('b')), '\x1b[1;1H\x1b[Ka\x1b[2;1H\x1b[K\x1b[1;31mb\x1b[0m')
  t.equal(draw(lines('b')), '')
  t.equal(draw(lines('c')), '\x1b[2;1H\x1b[K\x1b[1;31mc\x1b[0m')
  forget()
  t.match(draw(lines('c')), /^\x1b\[2J.*a/)
  t.notMatch(createScreen(false).draw(lines('b')), /31m|32m/, 'no colours')
})
