import t from 'tap'
import { banTable } from '../../../lib/xff-ban/control/ban-table.js'

const NOW = Date.parse('2026-11-22T14:00:00Z')
const BAN = {
  type: 'ban',
  ip: '203.0.113.7',
  until: '2026-11-22T15:05:00.000Z',
  count: 2,
  failures: 11,
} as const

t.test('the table of bans shows the time left, the count and the last failure', async t => {
  const cells = (text: string) => text.split('\n').map(line => line.split(/ {2,}/))
  t.same(cells(banTable([BAN], NOW)), [
    ['BANNED', 'ENDS IN', 'UNTIL', 'COUNT', 'FAILURES', 'THE LAST OF THEM'],
    ['203.0.113.7', '1h 05m', '2026-11-22T15:05:00Z', '2', '11'],
    [''],
  ])
  const counted = [
    { ...BAN, hits: 40, last_hit: '2026-11-22T13:59:00.000Z' },
    { ...BAN, hits: 0 },
  ]
  const rows = cells(banTable(counted, NOW))
  t.same(
    rows.map(row => row[4]),
    ['HITS', '40', '0', undefined],
    'their hits, where these are counted',
  )
})

t.test('rule, reason and asker have a column where there are any, harmless on a terminal', async t => {
  const asked = { ...BAN, reason: 'pen\u001b[2Jtest', by: 'alice' }
  const [titles, first, second] = banTable([asked, { ...BAN, rule: 'login' }], NOW).split('\n')
  t.match(titles, /COUNT +RULE +REASON +BY +FAILURES/)
  t.match(first, /pen\\u\{1b\}\[2Jtest +alice +11/)
  t.match(second, / 2 +login +11/)
})

t.test('the table of what is held back stands below that of the bans', async t => {
  const held = {
    type: 'held',
    ip: '203.0.113.8',
    failures: 10,
    last: { status: 404, method: 'GET', uri: '/' },
    reason: 'many',
    falls: '2026-11-22T14:04:00.000Z',
  } as const
  t.same(
    banTable([BAN, held], NOW)
      .split('\n')
      .slice(2)
      .map(line => line.split(/ {2,}/)),
    [
      [''],
      ['HELD BACK', 'FALLS IN', 'FAILURES', 'THE LAST OF THEM'],
      ['203.0.113.8', '4m 00s', '10', '404 GET /'],
      [''],
    ],
  )
})
