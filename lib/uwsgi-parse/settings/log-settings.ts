import { type Encoding, encodingOf } from '../layout/encoder.js'
import { hasDirective } from '../layout/strftime.js'
import { RSYSLOG_BYTES, type Socket } from '../layout/uwsgi.js'
import { UNKNOWN } from '../layout/variables.js'
import { type Entry, type Options, optionsOf } from './entries.js'
import type { Configuration } from './read.js'

/** What a configuration of uWSGI says about its log, and about how it is reached. */
export interface LogSettings {
  format: string | undefined
  strftime: boolean
  logDate: string | undefined
  /**
   * `log-x-forwarded-for`: then the address that is logged is the header; undefined where the file does not say, since
   * a file that it includes, the command line or the environment may
   */
  forwarded: boolean | undefined
  socket: Socket | undefined
  /** why the file leaves that open */
  socketDoubt: string | undefined
  /** how many bytes of a record its logger passes on, if the file says */
  cutAt: number | undefined
  /** whether the logger passes on the rest as a line of its own */
  isSplit: boolean
  /** what its encoders put around each line */
  encoding: Encoding | undefined
  /** what people should know of these settings */
  warnings: string[]
}

/** Options that bind a socket, by what is spoken there. */
const SOCKETS: Readonly<Record<Socket, readonly string[]>> = {
  http: ['http-socket', 'https-socket', 'http11-socket', 'http', 'https', 'https2'],
  uwsgi: ['socket', 'uwsgi-socket', 'suwsgi-socket', 'ssl-socket'],
}
/** Of others nothing is known. */
const UNKNOWN_SOCKETS = [
  'puwsgi-socket',
  'fastcgi-socket',
  'fastcgi-nph-socket',
  'scgi-socket',
  'scgi-nph-socket',
  'raw-socket',
  'zeromq',
  'zmq',
  'zeromq-socket',
  'zmq-socket',
  'fastrouter',
  'rawrouter',
]
const HTTP11_WARNING =
  "http11-socket: a request body that the app leaves unread becomes the next request, with a header of the client's " +
  'choice. Use http-socket, or only nginx that buffers requests ("proxy_request_buffering on", its default)'

/** What the configuration of a uWSGI says of its log. */
export function logSettings({ entries, missing }: Configuration): LogSettings {
  const options = optionsOf(entries)
  const switched = (...names: string[]) => switchOf(options.last(...names))
  const said = switched('log-x-forwarded-for')
  // a file that is not read may switch it on
  const forwarded = said === false && missing.length > 0 ? undefined : said
  const { cutAt, isSplit } = cutsOf(options, switched)
  const format = options.last('log-format', 'logformat')
  const logDate = options.last('log-date', 'logdate')
  const encoders = encodersOf(options)
  const encoded = encodingOf(encoders)
  const settings: LogSettings = {
    format: format?.value,
    strftime: switched('logformat-strftime', 'log-format-strftime') ?? false,
    logDate: logDate === undefined || isOn(logDate.value) ? undefined : logDate.value,
    forwarded,
    ...socketOf(options, missing.length > 0, forwarded),
    cutAt,
    isSplit,
    encoding: encoded && 'problem' in encoded ? undefined : encoded,
    warnings: [],
  }
  if (options.last('http11-socket')) settings.warnings.push(HTTP11_WARNING)
  for (const file of missing)
    settings.warnings.push(`it includes ${file}: what that says of the log is not known`)
  if (encoded && 'problem' in encoded)
    settings.warnings.push(`${encoders.map(one => one.split(' ', 1)[0]).join(', ')}: ${encoded.problem}`)
  warnOfSilence(options, settings)
  warnOfUnknown(settings, [format, logDate])
  return settings
}

/** A switch; undefined where nothing is said, or where that depends on what is not known. */
function switchOf(entry: Entry | undefined): boolean | undefined {
  if (entry === undefined || entry.isConditional || UNKNOWN.test(entry.value) || entry.value.includes('%('))
    return undefined
  return !/^(false|0|no|off)$/i.test(entry.value)
}

function isOn(value: string): boolean {
  return /^(true|1|yes|on)$/i.test(value)
}

/** Warns where failures are not logged. */
function warnOfSilence({ last }: Options, { warnings }: LogSettings): void {
  if (switchOf(last('disable-logging', 'disable-log')) !== true) return
  const [clients, servers] = [switchOf(last('log-4xx')), switchOf(last('log-5xx'))]
  // what depends on a condition is not said to be off
  const isOff = (said: boolean | undefined, name: string) => said === false || last(name) === undefined
  const off = [
    ...(isOff(clients, 'log-4xx') ? ['log-4xx'] : []),
    ...(isOff(servers, 'log-5xx') ? ['log-5xx'] : []),
  ]
  if (off.length === 0) return
  const which = off.length === 2 ? 'no failure' : `no ${off[0]?.slice(4)}`
  warnings.push(
    `disable-logging without ${off.join(' and ')}: ${which} is logged, and nobody banned for one. ` +
      `Add ${off.map(name => `${name} = true`).join(' and ')}`,
  )
}

/** Warns of what a file does not tell about the format. */
function warnOfUnknown(
  { warnings, format, logDate }: LogSettings,
  entries: readonly (Entry | undefined)[],
): void {
  for (const entry of entries) {
    if (entry?.isConditional) warnings.push(`${entry.key} depends on a condition: it is taken as given`)
  }
  const unknown = UNKNOWN.exec(format ?? '')?.[0]
  if (unknown !== undefined)
    warnings.push(`log-format: ${unknown} is not known here: any word is taken for it`)
  if (logDate !== undefined && !hasDirective(logDate))
    warnings.push('log-date has no date in it: in a configuration file of uWSGI, %Y is written %%Y')
}

/** The encoders that write the lines of requests. */
function encodersOf({ all, last }: Options): string[] {
  const loggers = all('req-logger', 'logger-req', 'log-req-encoder', 'req-log-master')
  const ids = all('req-logger', 'logger-req', 'logger').map(({ value }) => value.split(' ', 1)[0])
  const own = loggers.some(entry => last(entry.key) !== undefined)
  return all(own ? 'log-req-encoder' : 'log-encoder').flatMap(({ value }) => {
    const [, name = '', id, rest = ''] = /^([\w-]+)(?::([\w-]+))?(.*)$/s.exec(value) ?? [value, value]
    return id !== undefined && !ids.includes(id) ? [] : [name + rest]
  })
}

/** How uWSGI is reached, or why the file leaves that open. */
function socketOf(
  { last }: Options,
  isPartial: boolean,
  forwarded: boolean | undefined,
): Pick<LogSettings, 'socket' | 'socketDoubt'> {
  const open = (socketDoubt: string) => ({ socket: undefined, socketDoubt })
  const known = (socket: Socket) => ({ socket, socketDoubt: undefined })
  const bound = (names: readonly string[]) => names.filter(name => last(name) !== undefined)
  const [http, uwsgi] = [bound(SOCKETS.http), bound(SOCKETS.uwsgi)]
  const others = bound(UNKNOWN_SOCKETS)
  const all = [...http, ...uwsgi, ...others]
  if (all.length === 0) return open('the file names no socket')
  if (others.length > 0 || (http.length > 0 && uwsgi.length > 0))
    return open(`the file names several kinds of sockets (${all.join(', ')})`)
  if (isPartial) return open('the file includes another that is not read')
  if (http.length > 0) return known('http')
  if (last('vhost')) return open('with vhost a client writes the beginning of each line')
  if (forwarded === false) return known('uwsgi')
  return forwarded
    ? open('log-x-forwarded-for is on behind a uwsgi socket')
    : open('the file does not say log-x-forwarded-for = false')
}

/** Where the logger cuts a record. */
function cutsOf(
  { all, last }: Options,
  switched: (name: string) => boolean | undefined,
): Pick<LogSettings, 'cutAt' | 'isSplit'> {
  const loggers = ['req-logger', 'logger-req', 'logger'].flatMap(name => all(name))
  if (loggers.some(({ value }) => /^(?:\S+ )?rsyslog(?::|$)/.test(value)))
    return { cutAt: RSYSLOG_BYTES, isSplit: switched('rsyslog-split-messages') ?? false }
  return { cutAt: Number(last('log-master-bufsize')?.value) || undefined, isSplit: false }
}
