/** Lines of three layouts as made of the right pieces, some of them wrong, twice or missing: for a comparison of readers. */
import { compileFormat, type Format, OWN_FORMAT } from '../../lib/uwsgi-parse/layout/log-format.js'
import { random } from './known-truth.js'
import { COMBINED, JSON_DATE, JSON_FORMAT } from './log-formats.js'

/** What stands at a place: the first is the usual piece. */
type Place = readonly [string, ...string[]]

const DATE = 'Sun Nov 22 14:06:08 2026'
const ADDRESSES: Place = [
  '203.0.113.7',
  ...[
    '203.0.113.8',
    '2001:db8::7',
    '8.8.8.8, 203.0.113.9',
    '203.0.113.9, 10.0.0.1',
    '10.0.0.1',
    '1.2.3.4,fd00::1',
  ],
  ...[
    'unknown',
    '-',
    '',
    '"',
    '1.2.3.4 - 5.6.7.8',
    'web: 1.2.3.4',
    'fe80::1%eth0',
    '1.2.3.4'.repeat(7),
    '\u00e9, 1.2.3.4',
  ],
]
const TEXTS = [
  '',
  '-',
  ' ',
  ' - ',
  '"',
  '" ',
  '\\',
  '\\"',
  '\t',
  '\u0001',
  '\u00e9',
  '\u007f',
  ')',
  ' (',
  ') {',
  '8.8.8.8',
]
const FORGED = [
  ` () {24 vars in 250 bytes} [${DATE}] GET /`,
  ' => generated 3 bytes in 0 msecs (HTTP/1.0 404) 2 headers in 71 bytes (1 switches on core 0)',
  '[pid: 7|app: 0|req: 1/1] 8.8.8.8',
  '" 404 3 "',
  '" 200 3 "-" "',
  ' - - [22/Nov/2026:14:06:08 +0000] "',
  '","status":404,"method":"',
  '","status":200,"method":"GET","uri":"/',
]
const METHODS: Place = ['GET', 'POST', 'GET GET', 'brew', 'G=T', ...TEXTS]
const URIS: Place = [
  '/',
  '/x?y=1',
  '/a b',
  `/${'y'.repeat(1000)}`,
  `/${'y'.repeat(2000)}`,
  ...TEXTS,
  ...FORGED,
]
const PROTOCOLS: Place = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/1.1 x', 'h2c', ...TEXTS, ...FORGED]
const STATUSES: Place = ['404', '200', '200', '302', '500', '099', '1000', '40', '-', '-7', '']
const NUMBERS: Place = [
  '3',
  '0',
  '17',
  '1500',
  '03',
  '-',
  '-1',
  '',
  '1234567890',
  '1234567890123456',
  '7'.repeat(21),
]
const ENDS: Place = [
  '\n',
  '\n',
  '\r\n',
  ' \n',
  '\n\n',
  '',
  'x\n',
  '\n8.8.8.8 - x\n',
  '\n2026-11-22T14:06:08Z stdout P x\n',
]
const AGENTS: Place = ['Mozilla/5.0 (X11; Linux)', '-', 'curl/8', ...TEXTS, ...FORGED]

const OWN_LINE: readonly (string | Place)[] = [
  ['[pid: ', '[pid:', 'x [pid: ', ''],
  ...([
    NUMBERS,
    '|app: ',
    ['0', '-1', '-', '12345678901', 'x'],
    '|req: ',
    NUMBERS,
    '/',
    NUMBERS,
    '] ',
  ] as const),
  ...([
    ADDRESSES,
    ' (',
    ['', '-', 'bob', 'bob@example.org', 'a(b', 'a b', 'x'.repeat(300), ...TEXTS, ...FORGED],
    ') {',
  ] as const),
  ...([['24', '7', '99', '100', '256', ''], ' vars in ', NUMBERS, ' bytes} ['] as const),
  [
    DATE,
    'Sun Nov 22 14:06:59 2026',
    'Sun Nov  2 14:06:08 2026',
    'Sun Feb 31 14:06:08 2026',
    'Sun Nov 22 14:06:60 2026',
    'Sun Nov 22 14:06:0x 2026',
  ],
  ...(['] ', METHODS, ' ', URIS, ' => generated ', NUMBERS, ' bytes in ', NUMBERS] as const),
  [
    ' msecs',
    ' micros',
    ' msecs via route()',
    ' msecs via routeruntime()',
    ' msecs via ()',
    ' msecs via Route()',
    ' msecs via route',
    '',
  ],
  ...([' (', PROTOCOLS, ' ', STATUSES, ') ', NUMBERS, ' headers in ', NUMBERS, ' bytes (', NUMBERS] as const),
  [' switches on core ', ' async switches on async core ', ' switches on async core ', ' switches on  core '],
  ...([
    ['0', '1', '-1', '12', ''],
    [')', ') ', ''],
  ] as const),
  ENDS,
]

const COMBINED_LINE: readonly (string | Place)[] = [
  ['', '2026-11-22T14:06:08Z stdout P ', '2026-11-22T14:06:08Z stdout F ', 'x '],
  ...([ADDRESSES, ' - ', ['-', 'bob', 'x - 1.2.3.4', 'a [b', ...TEXTS], ' ['] as const),
  [
    '22/Nov/2026:14:06:08 +0000',
    ...['22/Nov/2026:14:06:59 +0000', '22/Nov/2026:14:07:60 +0000', '31/Feb/2026:14:06:08 +0000'],
    ...['22/Nov/2026:14:06:08 +0130', '22/November/2026:14:06:08 +0000', '22/Nov/2026:14:06:8 +0000'],
  ],
  ...(['] "', METHODS, ' ', URIS, ' ', PROTOCOLS, '" ', STATUSES, ' ', NUMBERS] as const),
  ...([' "', AGENTS, '" "', AGENTS, ['"', '" ', ''], ENDS] as const),
]

const JSON_LINE: readonly (string | Place)[] = [
  ['{"time":"', '{"time": "', '', 'x {"time":"'],
  [
    '2026-11-22T14:06:08+0000',
    ...[
      '2026-11-22T14:06:58+0000',
      '2026-11-22T14:07:61+0000',
      '2026-02-31T14:06:08+0000',
      '2026-11-22T14:06:0',
    ],
  ],
  ...(['","ip":"', ADDRESSES, '","status":', STATUSES, ',"method":"', METHODS, '","uri":"', URIS] as const),
  ...(['","size":', NUMBERS, ',"msecs":', NUMBERS, ['}', '} ', '"}', ''], ENDS] as const),
]

const LAYOUTS = { own: OWN_LINE, combined: COMBINED_LINE, JSON: JSON_LINE } as const

export const HOSTILE_FORMATS: Readonly<Record<keyof typeof LAYOUTS, Format>> = {
  own: OWN_FORMAT,
  combined: compileFormat({ format: COMBINED }),
  JSON: compileFormat({ format: JSON_FORMAT, strftime: true, logDate: JSON_DATE }),
}

/** Makes lines from a seed: in half of them every piece is a usual one or the second, in others some are odd. */
export function hostileLines(layout: keyof typeof LAYOUTS, seed: number): () => string {
  const next = random(seed)
  const pick = (places: readonly string[]) => places[Math.floor(next() * places.length)] ?? ''
  return () => {
    const odd = next() < 0.5 ? 0 : next() * 0.3
    const pieceAt = (place: string | Place) => {
      if (typeof place === 'string') return next() < odd / 20 ? pick(TEXTS) : place
      return next() < odd ? pick(place) : pick(place.slice(0, place === STATUSES ? 4 : 1))
    }
    return LAYOUTS[layout].map(pieceAt).join('')
  }
}
