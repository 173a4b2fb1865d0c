/** What a journal says of an address is found from its end, a part of it at a time. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lastBansIn } from '../../lib/xff-jail/last-ban.js'
import { tempDir } from '../support/temp-dir.js'

const lastBanIn = (file: string, ip: string) => lastBansIn(file, [ip]).get(ip)
const ban = (ip: string, failures: number, uri = '/') =>
  `${JSON.stringify({ type: 'ban', time: '2026-11-22T07:12:42.000Z', ip, failures, last: { status: 404, method: 'GET', uri } })}\n`

t.test('the last ban of an address is found wherever in the journal it is', async t => {
  const file = join(tempDir(t), 'shop.jsonl')
  const filler = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => ban(`198.51.${(first + i) % 200}.7`, 1)).join('')
  // more than two blocks of it before, between and behind
  const lines = [
    filler(0, 6000),
    ban('203.0.113.5', 1),
    filler(1, 6000),
    ban('203.0.113.5', 2),
    filler(2, 6000),
  ]
  for (const [text, failures] of [
    [lines.join(''), 2],
    [lines.slice(1).join(''), 2],
    [lines.slice(0, 3).join(''), 1],
    [lines.slice(1, 2).join(''), 1],
    [ban('203.0.113.5', 3).trimEnd(), 3],
    [`${ban('203.0.113.5', 4)}{"type":"unban","ip":"203.0.113.5"}\n`, 4],
    [`${ban('203.0.113.5', 5)}{"type":"ban","ip":"203.0.113.5","fail`, 5],
    [`${ban('203.0.113.5', 6)}${'x'.repeat(700_000)}"ip":"203.0.113.5"\n`, 6],
    [`${ban('203.0.113.5', 7)}${ban('203.0.113.50', 1, '"ip":"203.0.113.5"')}`, 7],
    [`${'\n'.repeat(300_000)}${ban('203.0.113.5', 8)}${'\n'.repeat(300_000)}`, 8],
  ] as const) {
    writeFileSync(file, text)
    t.equal(lastBanIn(file, '203.0.113.5')?.failures, failures, `${text.length} characters`)
    t.equal(lastBanIn(file, '203.0.113.6'), undefined)
  }
  writeFileSync(file, '')
  t.equal(lastBanIn(file, '203.0.113.5'), undefined)
  t.equal(lastBanIn(join(file, 'none'), '203.0.113.5'), undefined)
})

t.test('a record is found at each place of the edge between two blocks', async t => {
  const file = join(tempDir(t), 'shop.jsonl')
  const line = ban('203.0.113.5', 1)
  for (let behind = 256 * 1024 - line.length - 1; behind <= 256 * 1024 + 1; behind += 7) {
    writeFileSync(
      file,
      `${line}${line.replace('.5"', '.6"')}${`${'y'.repeat(999)}\n`.repeat(300).slice(-behind)}`,
    )
    t.equal(lastBanIn(file, '203.0.113.5')?.failures, 1, `${behind} bytes behind it`)
  }
})
