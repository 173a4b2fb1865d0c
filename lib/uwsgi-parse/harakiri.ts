import { type Format, formatOf } from './layout/log-format.js'
import type { Layout } from './layout/reading.js'
import type { Segment } from './layout/segment.js'
import type { Socket } from './layout/uwsgi.js'

/*
 * What uWSGI's master says of a request whose worker it kills (core/master_utils.c, uwsgi_dump_worker); such a request
 * has no line of its own. uWSGI sends no answer, so there is no status, and the time is that of its start.
 *
 *     Sun Nov 22 14:09:40 2026 - HARAKIRI [core 0] ADDR - METHOD URI since 1795356578
 */
const MARK = 'HARAKIRI [core '
const SINCE = 'since (\\d{1,12})$'

const head: Segment = { literal: MARK, rest: /\d{1,10}\] /y, fields: [] }
const end: Segment = { literal: ' ', rest: new RegExp(SINCE, 'y'), fields: ['time'] }

/** As long as nothing is known of the socket: all readings that the line allows. */
const OPEN_LAYOUT: Layout = {
  segments: [head, { literal: ' - ', rest: /([^ ]*) /y, fields: ['method'] }, end],
  texts: ['addr', 'uri'],
}

/** From the end, and from the beginning, as in uWSGI's own layout. */
const LAYOUTS: Readonly<Record<Socket, Layout>> = {
  http: {
    segments: [
      head,
      {
        literal: ' - ',
        rest: new RegExp(`([^ ]*) ([^ ]*) ${SINCE}`, 'y'),
        fields: ['method', 'uri', 'time'],
      },
    ],
    texts: ['addr'],
    isFromEnd: true,
  },
  uwsgi: {
    segments: [
      {
        literal: MARK,
        rest: /\d{1,10}\] (?:([^ ]*) - ([^ ]*) )?/y,
        fields: ['addr', 'method'],
        isFirst: true,
      },
      end,
    ],
    texts: ['uri'],
  },
}

/** How such a line is written beside the requests of a log. */
export function harakiriFormat({ socket, forwarded, cutAt, isSplit }: Format): Format {
  const layout = socket === undefined ? OPEN_LAYOUT : LAYOUTS[socket]
  return formatOf([layout], { socket, forwarded, cutAt, isSplit })
}

/** Whether a line may be one. */
export function tellsOfHarakiri(line: string): boolean {
  return line.includes(MARK)
}
