/**
 * Lines of uWSGI's own layout as hostile clients make it write them, the true client of each known.
 */

/** How the front end reaches uWSGI; `blanks` is nginx before 1.21.1, which passes on URIs with blanks. */
export type Kind = 'http' | 'uwsgi' | 'uwsgi with blanks'

export interface Line {
  text: string
  /** null where uWSGI left the client out, since the line is longer than its buffer */
  client: string | null
  uri: string
}

const DATE = 'Sun Nov 22 14:06:08 2026'
const HEAD = '[pid: 20974|app: 0|req: 7/9] '
const MIDDLE = `{24 vars in 256 bytes} [${DATE}]`
const TAIL = '2 headers in 71 bytes (1 switches on core 0)'
/** What uwsgi_logit_simple has room for, the newline included. */
const BUFFER_BYTES = 4096

const VICTIMS = ['8.8.8.8', '9.9.9.9', '2001:db8::dead']
const CLIENTS = ['1.2.3.4', '203.0.113.77', '2001:db8:a::5', '198.51.100.7']
const PROXIES = [[], [], ['10.77.0.1'], ['10.77.0.1', 'fd00::9'], ['100.64.3.4']]

const forgedTail = `=> generated 3 bytes in 0 msecs (HTTP/1.1 404) ${TAIL}`
const forgedLine = (ip: string) => `[pid: 7|app: 0|req: 1/1] ${ip} () ${MIDDLE} GET /x ${forgedTail}`

const PIECES = [
  ...VICTIMS,
  ...[', ', ' (', ')', '()', ' () ', ' => generated ', '- -', ' ', ',', '"', '\t', '\u0001', '\u00e9', ' - '],
  ...[
    '[pid: 1|app: 0|req: 1/1] ',
    '[pid: ',
    '{24 vars in 247 bytes} ',
    `[${DATE}] `,
    '[Mon Jan  1 00:00:00 2024] ',
  ],
  ...[') {1 vars in 1 bytes} ', 'GET /404', ' in 0 msecs (HTTP/1.1 404) ', '(1 switches on core 0)'],
  ...[`) {1 vars in 1 bytes} [${DATE}] GET / `, ` () ${MIDDLE} GET /`, ` (, 1.2.3.9 () ${MIDDLE} GET / `],
  ...[
    `, 8.8.8.8 () ${MIDDLE} GET /`,
    ' => generated 3 bytes in 0 msecs ',
    ` ${forgedTail}`,
    '1.2.3.4, ',
    '10.0.0.1',
  ],
]

/** Random numbers from a seed, the same at every run (Mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Makes lines of a kind, four out of five of them hostile. */
export function lineMaker(kind: Kind, seed: number): () => Line {
  const chance = random(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T
  const hostile = (): string => {
    const way = chance()
    if (way < 0.45) return Array.from({ length: 1 + Math.floor(chance() * 10) }, () => pick(PIECES)).join('')
    if (way < 0.65) return forgedLine(pick(VICTIMS))
    if (way < 0.75) return `${pick(PIECES)}${forgedLine(pick(VICTIMS))}${pick(PIECES)}`
    if (way < 0.83) return '[pid: 1|app: 0|req: 1/1] '.repeat(70)
    if (way < 0.91) return `${pick(['', pick(VICTIMS)])}${' ('.repeat(100)}`
    return `, ${pick(VICTIMS)}`.repeat(1 + Math.floor(chance() * 450))
  }
  const text = (): string =>
    chance() < 0.8 ? hostile() : pick(['', 'bob', '8.8.8.8', 'unknown', '10.0.0.1'])
  const asUri = (given: string): string =>
    `/${kind === 'uwsgi with blanks' ? given : given.replaceAll(' ', pick(['%20', '+']))}`

  return () => {
    const client = pick(CLIENTS)
    const forged = kind === 'http' && chance() < 0.7 ? [text()] : []
    const slot = kind === 'http' ? [...forged, client, ...pick(PROXIES)].join(', ') : client
    // http: nobody, or somebody verified; uwsgi: whatever stands before the colon of basic authentication
    const user = kind === 'http' ? pick(['', '', 'bob']) : text().replaceAll(':', '')
    const uri = asUri(text())
    const took = pick(['0 msecs', '164 micros', '12 msecs via route()', '0 msecs via sendfile()'])
    const status = `(${pick(['HTTP/1.0', 'HTTP/1.1', ''])} ${pick(['404', '500', '403'])})`
    const method = pick(['GET', 'POST', 'BREW', 'X"Y', '[pid:', '(a)'])
    const answer = `=> generated 3 bytes in ${took} ${status} ${TAIL}`
    const full = `${HEAD}${slot} (${user}) ${MIDDLE} ${method} ${uri} ${answer}`
    const isLogged = Buffer.byteLength(full) + 1 < BUFFER_BYTES
    return {
      text: isLogged ? full : `${HEAD}0.0.0.0 () ${MIDDLE} - - ${answer}`,
      client: isLogged ? client : null,
      uri: isLogged ? uri : '-',
    }
  }
}
