import { fieldsOfParts, type LinePart, type OrdinaryPart, ordinaryParts, patternOfParts } from './part.js'
import type { Layout } from './reading.js'
import type { Segment } from './segment.js'
import {
  CTIME,
  count,
  digits,
  type Grammar,
  MSECS,
  type Ordinary,
  SIZE,
  SLOT,
  signed,
  word,
} from './variables.js'

/** How the front end reaches uWSGI: by HTTP, or by the uwsgi protocol with `log-x-forwarded-for` off. */
export type Socket = 'http' | 'uwsgi'

/*
 * uWSGI's own layout (core/logging.c, uwsgi_logit_simple; `async` in uWSGI 1.x):
 *
 *     [pid: 7|app: 0|req: 1/1] ADDR (USER) {24 vars in 250 bytes} [DATE] METHOD URI
 *         => generated 3 bytes in 0 msecs via route() (PROTOCOL STATUS) 2 headers in 64 bytes (1 switches on core 0)
 *
 * The same as a log-format, which uWSGI's manual calls its default, has `app: -|req: -/-`, since there are no variables
 * for these. It may stand behind other text, as with --vhost or what a log collector adds.
 */
const NO_NUMBER: Grammar = { ...digits(20), source: '\\d{1,20}|-' }
const HEAD: readonly LinePart[] = [
  { literal: '[pid: ' },
  { field: 'pid', grammar: digits(10) },
  { literal: '|app: ' },
  { field: 'app', grammar: count(10) },
  { literal: '|req: ' },
  { field: 'requests of the worker', grammar: count(20) },
  { literal: '/' },
  { field: 'requests of all', grammar: NO_NUMBER },
  { literal: '] ' },
]
/** A name that somebody has verified; any text where nobody has. */
const USER: Grammar = { source: '[^ ()]*', more: null }
/** The same where JSON escapes nothing of it. */
const NAME: Ordinary = { ...word(/[!#-'*-[\]-~]/), least: 0 }
const VARS: readonly LinePart[] = [
  // a hundred variables and more may be more than uWSGI takes
  { field: 'vars', grammar: { ...digits(10), ordinary: { does: 'digits', most: 2 } } },
  { literal: ' vars in ' },
  { field: 'pktsize', grammar: digits(20) },
  { literal: ' bytes} [' },
  { field: 'ctime', grammar: CTIME },
  { literal: '] ' },
  { field: 'method', grammar: { source: '[^ ]*', more: null, ordinary: word(/[A-Z]/) } },
  { literal: ' ' },
]
const URI: Grammar = { source: '[^ ]*', more: null }
const GENERATED = ' => generated '
const TOOK: readonly LinePart[] = [
  { field: 'rsize', grammar: { ...digits(20), ordinary: SIZE } },
  { literal: ' bytes in ' },
  {
    either: [
      [{ field: 'msecs', grammar: { ...digits(20), ordinary: MSECS } }, { literal: ' msecs' }],
      [{ field: 'micros', grammar: digits(20) }, { literal: ' micros' }],
    ],
  },
  {
    optional: [
      { literal: ' via ' },
      { field: 'route', grammar: { source: '[a-z]{1,20}', more: null, ordinary: word(/[a-z]/, 20) } },
      { literal: '()' },
    ],
  },
  { literal: ' (' },
]
const PROTOCOL: LinePart = {
  field: 'proto',
  grammar: { source: '[^ ()]*', more: null, ordinary: word(/[A-Z0-9/.]/) },
}
const STATUS: readonly LinePart[] = [
  { literal: ' ' },
  { field: 'status', grammar: { ...signed(10), ordinary: { does: 'status' } } },
  { literal: ') ' },
  { field: 'headers', grammar: digits(10) },
  { literal: ' headers in ' },
  { field: 'hsize', grammar: digits(20) },
  { literal: ' bytes (' },
  { field: 'switches', grammar: digits(10) },
  { literal: ' ' },
  { rare: [{ literal: 'async ' }] },
  { literal: 'switches on ' },
  { rare: [{ literal: 'async ' }] },
  { literal: 'core ' },
  { field: 'core', grammar: signed(10) },
  { literal: ')' },
]

/** An ordinary line of uWSGI's own layout. */
export const ORDINARY_LINE: readonly OrdinaryPart[] = ordinaryParts([
  ...HEAD,
  { text: 'addr', ordinary: SLOT },
  { literal: ' (' },
  { text: 'user', ordinary: NAME },
  { literal: ') {' },
  ...VARS,
  { text: 'uri' },
  { literal: GENERATED },
  ...TOOK,
  PROTOCOL,
  ...STATUS,
])

/** What is asked of a line. */
const ASKED: ReadonlySet<string> = new Set(
  'app vars ctime user method uri rsize msecs micros proto status'.split(' '),
)
const patternOf = (...parts: readonly LinePart[]) => patternOfParts(parts, ASKED)

/** A segment that begins with a literal. @param end `$` where it ends the line */
function segment(literal: string, parts: readonly LinePart[], end = ''): Segment {
  return {
    literal,
    rest: new RegExp(patternOf(...parts) + end, 'y'),
    fields: fieldsOfParts(parts, ASKED),
  }
}

const head = segment('[pid: ', HEAD.slice(1))
const open: Segment = { literal: ' (', rest: null, fields: [] }
const middle = segment(') {', VARS)
const tail = segment(GENERATED, [...TOOK, PROTOCOL, ...STATUS], '$')

/** As long as nothing is known of the socket: all readings that the line allows. */
const OPEN_LAYOUT: Layout = { segments: [head, open, middle, tail], texts: ['addr', 'user', 'uri'] }

/**
 * A protocol of any make between uWSGI's head and tail: nginx before 1.21.1 passes on a blank in the request line, and
 * uWSGI takes all behind it for the protocol.
 */
const ANY_PROTOCOL: Layout = {
  segments: [head, open, middle, segment(GENERATED, TOOK), segment(' ', STATUS.slice(1), '$')],
  texts: ['addr', 'user', 'uri', 'proto'],
}

/**
 * Behind an HTTP socket, from the end: uWSGI itself ends method and URI at a blank, and a user was verified, or there is
 * none. So the number of blanks from the end of the address slot to that of the line is fixed, and the slot ends at one
 * place whatever stands in it.
 */
const HTTP_LAYOUT: Layout = {
  segments: [
    head,
    segment(
      ' (',
      [
        { field: 'user', grammar: USER },
        { literal: ') {' },
        ...VARS,
        { field: 'uri', grammar: URI },
        { literal: GENERATED },
        ...TOOK,
        PROTOCOL,
        ...STATUS,
      ],
      '$',
    ),
  ],
  texts: ['addr'],
  isFromEnd: true,
}

const BEHIND_PID = patternOf(...HEAD.slice(1))

/**
 * Behind a uwsgi socket, from the beginning: the address is the front end's word, and one; it stands directly behind the
 * head. A user's name holds no colon, so the first date is the true one. Where no address stands there but a list, uWSGI
 * logs the header, and nobody is believed.
 */
const UWSGI_LAYOUT: Layout = {
  segments: [
    {
      literal: '[pid: ',
      rest: new RegExp(`${BEHIND_PID}(?:([^ ]*) \\(|([^(]*) \\()?`, 'y'),
      fields: ['app', 'addr', 'list'],
      isFirst: true,
    },
    { ...middle, isFirst: true },
    tail,
  ],
  texts: ['user', 'uri'],
}

const LAYOUTS = {
  http: [HTTP_LAYOUT, OPEN_LAYOUT, ANY_PROTOCOL],
  uwsgi: [UWSGI_LAYOUT, ANY_PROTOCOL],
} as const satisfies Record<Socket, readonly [Layout, ...Layout[]]>

/** The ways in which a line of uWSGI's own layout may be written, of which the first that fits is the true one. */
export function ownLayouts(socket?: Socket): readonly [Layout, ...Layout[]] {
  return socket === undefined ? [OPEN_LAYOUT, ANY_PROTOCOL] : LAYOUTS[socket]
}

/** Whether a line begins as one of uWSGI's own layout. */
export function hasHead(line: string): boolean {
  return HEAD_OF_LINE.test(line)
}

const HEAD_OF_LINE = new RegExp(`^\\[pid: ${BEHIND_PID}`)

/** uWSGI's buffer for a line of its own layout (core/logging.c, uwsgi_logit_simple): a longer one names nobody. */
export const LINE_BYTES = 4096

/** What uWSGI's rsyslog plugin sends of a message (plugins/rsyslog: 1024 bytes less 30). */
export const RSYSLOG_BYTES = 994

/**
 * uWSGI's own layout as a `log-format`, which is written without the bound that uwsgi_logit_simple has.
 */
export const OWN_LOG_FORMAT =
  '[pid: %(pid)|app: 0|req: 0/0] %(addr) (%(user)) {%(vars) vars in %(pktsize) bytes} [%(ctime)] %(method) %(uri)' +
  ' => generated %(rsize) bytes in %(msecs) msecs (%(proto) %(status)) %(headers) headers in %(hsize) bytes' +
  ' (%(switches) switches on core %(core))'
