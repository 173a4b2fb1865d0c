import { type JsonLog, jsonReader } from './json-log.js'
import { compileFormat, type Format, formatOf, type LogFormat } from './log-format.js'
import type { Layout } from './reading.js'
import type { Segment } from './segment.js'
import { STATUS } from './variables.js'

/** The servers whose logs are read by name. */
export const LAYOUTS = [
  'nginx',
  'nginx-main',
  'apache',
  'gunicorn',
  'haproxy',
  'traefik',
  'caddy',
  'alb',
  'werkzeug',
] as const

export type LayoutName = (typeof LAYOUTS)[number]

interface NamedFormat extends LogFormat, Pick<Layout, 'asksNothing'> {}

/** `COMMON` of Apache, with the address that the connection came from: no client writes into that. */
const common = (request: string) => `%(var.REMOTE_ADDR) - %(user) [%(ltime)] "${request}" %(status) %(size)`
const combined = (request: string) => `${common(request)} "%(referer)" "%(uagent)"`
const main = (request: string) => `${combined(request)} "%(var.HTTP_X_FORWARDED_FOR)"`
const REQUEST = '%(method) %(uri) %(proto)'
const NOTHING_IN_TIME = '408'
/** What came was no request, as TLS to a port of HTTP; or one of HTTP/0.9. */
const noRequest = (format: (request: string) => string): NamedFormat => ({
  format: format('%(uri)'),
  // nginx and Apache log 400 as well when the client closes the connection
  asksNothing: value =>
    ['', '-'].includes(value('uri') ?? '') &&
    (value('status') === NOTHING_IN_TIME || ['0', '-'].includes(value('size') ?? '')),
})
const COMMON = common(REQUEST)
const COMBINED = combined(REQUEST)
const werkzeugLine = (request: string): NamedFormat => ({
  format: `%(var.REMOTE_ADDR) - - [%d/%b/%Y %H:%M:%S] "${request}" %(status) %(size)`,
  strftime: true,
})
/** On a terminal it is in a colour, and bold where it is an error. */
const werkzeug = (request: string): [NamedFormat, NamedFormat, NamedFormat] => [
  werkzeugLine(`\x1b[%(colour)m\x1b[1m${request}\x1b[0m`),
  werkzeugLine(`\x1b[%(colour)m${request}\x1b[0m`),
  werkzeugLine(request),
]

/** Formats that compileFormat reads; the first that fits a line is the true one. */
const FORMATS: Readonly<Partial<Record<LayoutName, readonly [NamedFormat, ...NamedFormat[]]>>> = {
  // with nothing behind the agent a client cannot make `combined` of it: it has no quotes that are not escaped
  nginx: [{ format: COMBINED }, noRequest(combined)],
  // the header is the client's, but for what the proxy at this address wrote at its end
  'nginx-main': [{ format: main(REQUEST) }, noRequest(main)],
  apache: [{ format: COMBINED }, { format: COMMON }, noRequest(combined), noRequest(common)],
  gunicorn: [{ format: COMBINED }, noRequest(combined)],
  werkzeug: [...werkzeug(REQUEST), ...werkzeug('%(uri)')],
}

const ADDRESS = '[0-9A-Fa-f:.]{2,45}|unix'
const NUMBERS = '[+-]?\\d{1,10}'

/** How HAProxy shows a request that it could not read, or that never came whole. */
const BAD_REQUEST = '<BADREQ>'
/** The first letters of HAProxy's state of a session: the client has closed it, or sent nothing more, before the request was whole. */
const NO_REQUEST_CAME = '[cC]R'

/**
 * HAProxy's `option httplog`, without the head of syslog: all before the request is HAProxy's own, but cookies and captured
 * headers, in which it encodes quotes and braces. The time is that of the accept, and the last of the timers runs to
 * the end.
 */
const haproxyHead = (state: string) =>
  `(${ADDRESS}):\\d{1,5} \\[(\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d)\\.\\d{3}\\] [^ ]{1,200} [^ ]{1,200} ` +
  `(?:${NUMBERS}/){4}\\+?(${NUMBERS}) (${STATUS}) (\\+?\\d{1,20}) [^ ]{1,4096} [^ ]{1,4096} ${state} ` +
  `(?:${NUMBERS}/){4}${NUMBERS} ${NUMBERS}/${NUMBERS} (?:\\{[^{}"]*\\} ){0,2}"`
const HAPROXY_HEAD: Segment = {
  literal: '',
  rest: new RegExp(`${haproxyHead('[^ ]{4}')}(?:([^ "]{1,200}) )?`, 'y'),
  fields: ['var.REMOTE_ADDR', 'accepted', 'msecs', 'status', 'size', 'method'],
  only: 'start',
}
const HAPROXY: readonly [Layout, ...Layout[]] = [
  {
    segments: [HAPROXY_HEAD, { literal: ' ', rest: /(HTTP\/[\d.]{1,4})"$/y, fields: ['proto'] }],
    texts: ['uri'],
  },
  // a half request is not told from none
  {
    segments: [
      {
        ...HAPROXY_HEAD,
        rest: new RegExp(`${haproxyHead(`${NO_REQUEST_CAME}[^ ]{2}`)}${BAD_REQUEST}"$`, 'y'),
        fields: HAPROXY_HEAD.fields.slice(0, -1),
      },
    ],
    texts: [],
    asksNothing: () => true,
  },
  // of HTTP/0.9, and what is no request
  { segments: [HAPROXY_HEAD, { literal: '"', rest: null, fields: [], only: 'end' }], texts: ['uri'] },
]

/** An access log of AWS's Application Load Balancer: all before the request is the balancer's own. */
const ALB: Layout = {
  segments: [
    {
      literal: '',
      rest: new RegExp(
        `(?:https?|h2|grpcs|wss?) (\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)(?:\\.\\d{1,9})?Z [^ ]{1,300} ` +
          `(${ADDRESS}):\\d{1,5} [^ ]{1,300} (?:-?\\d{1,9}(?:\\.\\d{1,9})? ){3}(${STATUS}) (?:\\d{3}|-) ` +
          `\\d{1,20} (\\d{1,20}) "([^ "]{1,200}) `,
        'y',
      ),
      fields: ['answered', 'var.REMOTE_ADDR', 'status', 'size', 'method'],
      only: 'start',
    },
    { literal: ' ', rest: /(HTTP\/[\d.]{1,4}|-)" "/y, fields: ['proto'], isFirst: true },
    { literal: '', rest: null, fields: [], only: 'end' },
  ],
  texts: ['uri', 'rest of the line'],
  asksNothing: value => value('method') === '-' && value('status') === NOTHING_IN_TIME,
}

/** Layouts of JSON, by the names of members. */
const JSON_LOGS: Readonly<Partial<Record<LayoutName, JsonLog>>> = {
  // trusted_proxies takes the leftmost address of the header for client_ip, which the client wrote: not asked
  caddy: {
    members: {
      'var.REMOTE_ADDR': 'request.remote_ip',
      'var.HTTP_X_FORWARDED_FOR': 'request.headers.X-Forwarded-For',
      method: 'request.method',
      uri: 'request.uri',
      proto: 'request.proto',
      host: 'request.host',
      referer: 'request.headers.Referer',
      uagent: 'request.headers.User-Agent',
      user: 'user_id',
      status: 'status',
      size: 'size',
      secs: 'duration',
    },
    end: 'ts',
  },
  // ClientHost is the header, where there is one
  traefik: {
    members: {
      'var.REMOTE_ADDR': 'ClientAddr',
      'var.HTTP_X_FORWARDED_FOR': 'ClientHost',
      method: 'RequestMethod',
      uri: 'RequestPath',
      proto: 'RequestProtocol',
      host: 'RequestHost',
      referer: 'request_Referer',
      uagent: 'request_User-Agent',
      user: 'ClientUsername',
      status: 'DownstreamStatus',
      size: 'DownstreamContentSize',
      nanos: 'Duration',
    },
    start: 'StartUTC',
  },
}

/** The format of a server's log, by its name. */
export function namedFormat(
  name: LayoutName,
  { cutAt = Number.POSITIVE_INFINITY, isSplit = false }: Pick<LogFormat, 'cutAt' | 'isSplit'>,
): Format {
  const formatBy = (layouts: Format['layouts']) =>
    formatOf(layouts, { forwarded: false, socket: undefined, cutAt, isSplit })
  const log = JSON_LOGS[name]
  if (log) return { ...formatBy([{ segments: [], texts: Object.keys(log.members) }]), read: jsonReader(log) }
  if (name === 'haproxy') {
    return { ...formatBy(HAPROXY), dates: [{ field: 'accepted', format: '%d/%b/%Y:%H:%M:%S' }] }
  }
  if (name === 'alb')
    return { ...formatBy([ALB]), dates: [{ field: 'answered', format: '%FT%T' }], isDatedAtEnd: true }
  const [first, ...others] = (FORMATS[name] ?? [{ format: COMBINED }])
    .map(({ asksNothing, ...given }) => ({ asksNothing, ...compileFormat({ ...given, cutAt, isSplit }) }))
    .map(({ asksNothing, layouts: [layout], dates, parts = [] }) => {
      return { layout: { ...layout, asksNothing }, dates, parts }
    })
  const { layout = HAPROXY[0], dates = [], parts = [] } = first ?? {}
  const layouts = others.map(({ layout }) => layout)
  const vhosts = name === 'apache' ? [layout, ...layouts].map(behindHost) : []
  return { ...formatBy([layout, ...layouts, ...vhosts]), dates, parts }
}

/** The same as Debian's `vhost_combined` has it: behind the name of the host that the server has chosen, and a port. */
function behindHost({ segments: [head, ...rest], ...others }: Layout): Layout {
  const source = head?.rest?.source ?? ''
  const fields = ['host', ...(head?.fields ?? [])]
  const named: Segment = {
    literal: '',
    rest: new RegExp(`([\\w.-]{1,255}):\\d{1,5} ${source}`, 'y'),
    fields,
    only: 'start',
  }
  return { segments: [named, ...rest], ...others }
}
