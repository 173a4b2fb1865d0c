/** The format file for lnav knows the records as they are. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { RECORDS } from '../lib/wire/record.js'
import { STREAM_TYPES } from '../lib/xff-top/stage.js'
import { missing } from './support/programs.js'
import { tempDir } from './support/temp-dir.js'

const FORMAT = 'share/lnav/xff_jail.json'
/** Not a column: lnav 0.11 does not quote the names of columns, and this is a word of SQL. */
const NO_COLUMN = ['time', 'from']

t.test('every field of what flows has a kind in the format, and no other', async t => {
  const { value } = JSON.parse(readFileSync(FORMAT, 'utf8')).xff_jail
  const fields = new Set(STREAM_TYPES.flatMap(type => Object.keys(RECORDS[type])))
  const known = Object.keys(value).filter(name => !name.startsWith('last/'))
  t.same(known.sort(), [...fields].filter(name => !NO_COLUMN.includes(name)).sort())
})

/** A time that is so many seconds after another. */
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 22, 14, 6, seconds)).toISOString()
const last = { status: 403, method: 'POST', uri: '/login' }
const LINES = [
  [
    { type: 'request', time: at(0), ip: '203.0.113.7', status: 404, method: 'GET', uri: '/.env' },
    'info',
    '2026-11-22 14:06:00 request  203.0.113.7     404 GET /.env',
  ],
  [
    { type: 'tally', time: at(1), requests: 330, failures: 3, errors: 0, clients: 9 },
    'info',
    '2026-11-22 14:06:01 tally',
  ],
  [
    { type: 'ban', time: at(2), ip: '2001:db8:5::/64', failures: 5, last, rule: 'login', until: at(602) },
    'error',
    '2026-11-22 14:06:02 ban      2001:db8:5::/64 403 POST /login login',
  ],
  [
    { type: 'held', time: at(3), ip: '203.0.113.8', reason: 'many at once', falls: at(90) },
    'warning',
    '2026-11-22 14:06:03 held     203.0.113.8         many at once',
  ],
  [
    { type: 'hit', time: at(4), ip: '203.0.113.8', hits: 7 },
    'debug',
    '2026-11-22 14:06:04 hit      203.0.113.8',
  ],
  [
    { type: 'allow', time: at(5), ip: '192.0.2.0/24', note: 'the office', by: 'ann' },
    'info',
    '2026-11-22 14:06:05 allow    192.0.2.0/24        the office ann',
  ],
  [
    { type: 'problem', time: at(6), kind: 'blind', reason: 'nothing came' },
    'critical',
    '2026-11-22 14:06:06 problem                   blind   nothing came',
  ],
] as const

t.test(
  'lnav shows a line for each record, with its level, and answers SQL',
  { skip: missing('lnav') },
  async t => {
    const home = tempDir(t)
    const file = join(home, 'records.jsonl')
    writeFileSync(file, LINES.map(([record]) => `${JSON.stringify(record)}\n`).join(''))
    mkdirSync(join(home, '.config'))
    const lnav = async (...args: string[]) =>
      (await execa('lnav', args, { env: { HOME: home, XDG_CONFIG_HOME: join(home, '.config'), TZ: 'UTC' } }))
        .stdout
    await lnav('-i', FORMAT)
    const shown = (await lnav('-n', file)).split('\n').map(line => line.trimEnd())
    t.same(
      shown,
      LINES.map(([, , line]) => line),
    )
    const query = 'select log_level, type, ip, status, "last/uri" as uri, rule, by from xff_jail'
    const rows = JSON.parse(await lnav('-n', '-c', `;${query}`, '-c', ':write-json-to -', file))
    t.match(
      rows,
      LINES.map(([{ type }, level]) => ({ log_level: level, type })),
    )
    t.match(rows[2], { ip: '2001:db8:5::/64', uri: '/login', rule: 'login' })
    t.match(rows[5], { by: 'ann' })
  },
)
