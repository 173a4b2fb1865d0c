/** What clients write to be taken for others, or for nobody. */
import { VICTIM } from '../addresses.js'
import type { Request } from './request.js'

export interface Trick extends Pick<Request, 'method' | 'headers'> {
  /** behind the path and the id */
  query?: string
  /** whether it holds pieces of a log line, so that there may be two readings of it and its client unknown */
  pieces?: boolean
  /** whether uWSGI's own layout has no room for it, and logs neither client nor URI */
  long?: boolean
  /** whether it may make of one line several */
  torn?: boolean
}

const forwarded = (value: string | readonly string[]): Trick => ({ headers: { 'X-Forwarded-For': value } })
const pieces = (trick: Trick): Trick => ({ ...trick, pieces: true })
const user = (name: string): Trick => ({
  headers: { Authorization: `Basic ${Buffer.from(`${name}:secret`, 'latin1').toString('base64')}` },
})

const DATE = 'Sun Nov 22 14:06:08 2026'
const HEAD = '[pid: 7|app: 0|req: 1/1] '
const MIDDLE = `{24 vars in 247 bytes} [${DATE}]`
const TAIL = ' => generated 3 bytes in 0 msecs (HTTP/1.0 404) 2 headers in 71 bytes (1 switches on core 0)'
const COMBINED = `${VICTIM} - - [22/Nov/2026:14:06:08 +0000] "GET / HTTP/1.1" 404 3 "-" "x"`
const OBJECT = `{"at":1795356368,"took":5,"ip":"${VICTIM}","user":"-","status":404,"request":"GET /`

/** Lists and other text in the header, without anything that a layout of the tests is made of. */
const HEADERS: readonly Trick[] = [
  VICTIM,
  `${VICTIM}, 198.51.100.7`,
  `${VICTIM},9.9.9.9`,
  ',',
  ' , ,, ',
  `${VICTIM},`,
  `\t${VICTIM}\t,\t`,
  `${VICTIM}:5678`,
  `[2001:db8::1]:443, [2001:db8::1]`,
  `::ffff:${VICTIM}`,
  'fe80::1%eth0',
  '2001:DB8::BAD',
  '010.8.8.8, 8.8.8, 0x8.8.8.8, 134744072',
  'unknown, _hidden, for=8.8.8.8;proto=https',
  '10.0.0.1, 127.0.0.1, ::1',
  `${VICTIM}, 10.77.0.1`,
  `${VICTIM}\x01\x1f\x7f, ${VICTIM}\x08\x1b[2K`,
  `${VICTIM}\xff\xfe\xc3, \xe2\x80`,
  [VICTIM, '9.9.9.9'],
  ['', VICTIM, ''],
  ['10.0.0.1', '10.0.0.2'],
].map(forwarded)

/** The same header by other names, or in a form that proxies may pass on. */
const NAMES: readonly Trick[] = [
  { headers: { 'x-FORWARDED-for': VICTIM } },
  { headers: { X_Forwarded_For: VICTIM } },
  { headers: { 'X-Forwarded_For': VICTIM } },
  { headers: { 'X-Forwarded-For ': VICTIM } },
  { headers: { 'X-Forwarded-For': `a\r\n\t${VICTIM}` } },
  { headers: { 'X-Real-IP': VICTIM, Forwarded: `for=${VICTIM}`, 'Remote-Addr': VICTIM } },
  { headers: { Connection: 'close, X-Forwarded-For', 'X-Forwarded-For': VICTIM } },
]

const LONG: readonly Trick[] = [
  forwarded(`${VICTIM}, `.repeat(410)),
  forwarded('10.0.0.1, '.repeat(410)),
  forwarded(','.repeat(4096)),
].map(trick => ({ ...trick, long: true }))

/** More headers than uWSGI takes by default, in an order in which the one that matters would come last. */
const MANY: readonly Trick[] = [125, 60].map(count => ({
  headers: Object.fromEntries(Array.from({ length: count }, (_, i) => [`A${i}`, VICTIM])),
}))

const LONG_URIS: readonly Trick[] = [3_950, 7_000].map(length => ({
  query: `&${'a'.repeat(length)}`,
  long: true,
}))

const REQUESTS: readonly Trick[] = [
  { method: 'POST' },
  { method: 'BREW' },
  { query: `&ip=${VICTIM}` },
  { query: `&${VICTIM},%20${VICTIM}` },
  { query: '&%0a%0d%00%22' },
  { query: "&a=1;b='2'&c=%E2%82%AC" },
  { headers: { 'User-Agent': `Mozilla/5.0 ${VICTIM}, 9.9.9.9` } },
  { headers: { Referer: `https://${VICTIM}/` } },
  user('bob'),
  user(VICTIM),
  user('\xff\xfe\x01\t'),
  user('a'.repeat(300)),
]

/** Pieces of log lines, in every place that is logged. */
const PIECES: readonly Trick[] = [
  ...[
    '(',
    `${VICTIM} (`,
    `${VICTIM} () `,
    `) (${VICTIM}`,
    ' - ',
    `${VICTIM} - -`,
    `${VICTIM} | ${VICTIM}`,
    `"${VICTIM}"`,
    `${VICTIM}","user":"x`,
    HEAD,
    `${HEAD}${VICTIM} `,
    `${HEAD}${VICTIM} () ${MIDDLE} GET /`,
    `${VICTIM} () ${MIDDLE} GET / ${TAIL}`,
    `${HEAD}${VICTIM} () ${MIDDLE} GET /${TAIL}`,
    `${HEAD}${VICTIM} () ${MIDDLE} GET /${TAIL}`.repeat(5),
    TAIL,
    COMBINED,
    `1795356368 ${VICTIM} | 10.77.0.1 "GET /" 404 "x"`,
    OBJECT,
    ' ('.repeat(500),
    `, ${VICTIM} (`.repeat(100),
  ].flatMap(text => [
    forwarded(text),
    forwarded([text, `${VICTIM}, ${text}`]),
    user(text),
    { headers: { 'User-Agent': text, Referer: text } },
    { query: `&${text.replaceAll(' ', '%20')}` },
    { query: `&${text.replaceAll(' ', '\xa0')}` },
  ]),
].map(pieces)

/** A newline in the user's name, which tears the line. */
const TORN: readonly Trick[] = [
  `x\n${VICTIM} - y`,
  `x\n\n${VICTIM}`,
  `x\n${HEAD}${VICTIM} (`,
  'x\r\n',
  '\n',
].map(name => ({ ...user(name), pieces: true, torn: true }))

export const TRICKS: readonly Trick[] = [
  {},
  ...HEADERS,
  ...NAMES,
  ...LONG,
  ...LONG_URIS,
  ...MANY,
  ...REQUESTS,
  ...PIECES,
  ...TORN,
]
