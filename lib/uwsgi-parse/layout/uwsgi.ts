import type { Layout } from './reading.js'
import type { Segment } from './segment.js'

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
const HEAD = '\\d{1,10}\\|app: (-?\\d{1,10}|-)\\|req: (?:-?\\d{1,20}|-)/(?:\\d{1,20}|-)\\] '
const VARS = '(\\d{1,10}) vars in \\d{1,20} bytes\\} '
const DATE = '\\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4})\\] '
const TOOK = '(\\d{1,20}) bytes in (?:(\\d{1,20}) msecs|(\\d{1,20}) micros)(?: via [a-z]{1,20}\\(\\))? \\('
const STATUS =
  '(-?\\d{1,10})\\) \\d{1,10} headers in \\d{1,20} bytes \\(\\d{1,10} (?:async )?switches on (?:async )?core -?\\d{1,10}\\)$'

const TOOK_FIELDS = ['rsize', 'msecs', 'micros']

const head: Segment = { literal: '[pid: ', rest: new RegExp(HEAD, 'y'), fields: ['app'] }
const open: Segment = { literal: ' (', rest: null, fields: [] }
const middle: Segment = {
  literal: ') {',
  rest: new RegExp(`${VARS}${DATE}([^ ]*) `, 'y'),
  fields: ['vars', 'ctime', 'method'],
}
const tail: Segment = {
  literal: ' => generated ',
  rest: new RegExp(`${TOOK}([^ ()]*) ${STATUS}`, 'y'),
  fields: [...TOOK_FIELDS, 'proto', 'status'],
}

/** As long as nothing is known of the socket: all readings that the line allows. */
const OPEN_LAYOUT: Layout = { segments: [head, open, middle, tail], texts: ['addr', 'user', 'uri'] }

/**
 * A protocol of any make between uWSGI's head and tail: nginx before 1.21.1 passes on a blank in the request line, and
 * uWSGI takes all behind it for the protocol.
 */
const ANY_PROTOCOL: Layout = {
  segments: [
    head,
    open,
    middle,
    { literal: ' => generated ', rest: new RegExp(TOOK, 'y'), fields: TOOK_FIELDS },
    { literal: ' ', rest: new RegExp(STATUS, 'y'), fields: ['status'] },
  ],
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
    {
      literal: ' (',
      rest: new RegExp(
        `([^ ()]*)\\) \\{${VARS}${DATE}([^ ]*) ([^ ]*) => generated ${TOOK}([^ ()]*) ${STATUS}`,
        'y',
      ),
      fields: ['user', 'vars', 'ctime', 'method', 'uri', ...TOOK_FIELDS, 'proto', 'status'],
    },
  ],
  texts: ['addr'],
  isFromEnd: true,
}

/**
 * Behind a uwsgi socket, from the beginning: the address is the front end's word, and one; it stands directly behind the
 * head. A user's name holds no colon, so the first date is the true one. Where no address stands there but a list, uWSGI
 * logs the header, and nobody is believed.
 */
const UWSGI_LAYOUT: Layout = {
  segments: [
    {
      literal: '[pid: ',
      rest: new RegExp(`${HEAD}(?:([^ ]*) \\(|([^(]*) \\()?`, 'y'),
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

const HEAD_OF_LINE = new RegExp(`^\\[pid: ${HEAD}`)

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
