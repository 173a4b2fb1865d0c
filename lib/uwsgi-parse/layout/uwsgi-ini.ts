import { RSYSLOG_BYTES, type Socket } from './uwsgi.js'

/** What an ini file of uWSGI says about its log, and about how it is reached. */
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
  /** what people should know of these settings */
  warnings: string[]
}

/** Options that bind a socket, by what is spoken there. */
const SOCKETS: Readonly<Record<Socket, readonly string[]>> = {
  http: ['http-socket', 'https-socket', 'http11-socket', 'http', 'https', 'https2'],
  uwsgi: ['socket', 'uwsgi-socket', 'suwsgi-socket', 'ssl-socket'],
}
/** Of others nothing is known, and a file that is included may bind one more. */
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
const INCLUDES = [
  'ini',
  'include',
  'inherit',
  'json',
  'xml',
  'xmlconfig',
  'yaml',
  'yml',
  'sqlite3',
  'ldap',
  'config',
  'config-py',
]

const HTTP11_WARNING =
  "http11-socket: a request body that the app leaves unread becomes the next request, with a header of the client's " +
  'choice. Use http-socket, or only nginx that buffers requests ("proxy_request_buffering on", its default)'

/**
 * Reads the `[uwsgi]` section of an ini file (core/ini.c): `key = value`, `;` and `#` comments, spaces around
 * both; `%(name)` is the value of an option that was set before. uWSGI's own options are few enough to be told
 * by name, whether they are written with dashes or underscores.
 */
export function readIni(text: string, wanted = 'uwsgi'): LogSettings {
  const options = optionsOf(text, wanted)
  const last = (...names: string[]) =>
    names.map(name => options.get(name)?.at(-1)).find(value => value !== undefined)
  const switched = (...names: string[]) => {
    const value = last(...names)
    return value === undefined ? undefined : !/^(false|0|no|off)$/i.test(value)
  }
  const includes = INCLUDES.filter(name => options.has(name))
  const said = switched('log-x-forwarded-for')
  // a file that is included may switch it on
  const forwarded = said === false && includes.length > 0 ? undefined : said
  const { cutAt, isSplit } = cutsOf(options, switched)
  return {
    format: last('log-format', 'logformat'),
    strftime: switched('logformat-strftime', 'log-format-strftime') ?? false,
    logDate: dateFormat(last('log-date', 'logdate')),
    forwarded,
    ...socketOf(options, includes, forwarded),
    cutAt,
    isSplit,
    warnings: options.has('http11-socket') ? [HTTP11_WARNING] : [],
  }
}

type Options = ReadonlyMap<string, readonly string[]>

/** All values of each option, in order. */
function optionsOf(text: string, wanted: string): Options {
  const options = new Map<string, string[]>()
  let section = ''
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      section = line.slice(1, -1)
      continue
    }
    if (section !== wanted) continue
    const equals = line.indexOf('=')
    const key = (equals < 0 ? line : line.slice(0, equals)).trim().replaceAll('_', '-')
    const value = equals < 0 ? 'true' : line.slice(equals + 1).trim()
    const filled = value.replace(
      /%\(([^()]+)\)/g,
      (variable, name: string) => options.get(name)?.at(-1) ?? variable,
    )
    options.set(key, [...(options.get(key) ?? []), filled])
  }
  return options
}

/** How uWSGI is reached, or why the file leaves that open. */
function socketOf(
  options: Options,
  includes: readonly string[],
  forwarded: boolean | undefined,
): Pick<LogSettings, 'socket' | 'socketDoubt'> {
  const open = (socketDoubt: string) => ({ socket: undefined, socketDoubt })
  const known = (socket: Socket) => ({ socket, socketDoubt: undefined })
  const bound = (names: readonly string[]) => names.filter(name => options.has(name))
  const [http, uwsgi] = [bound(SOCKETS.http), bound(SOCKETS.uwsgi)]
  const others = bound(UNKNOWN_SOCKETS)
  const all = [...http, ...uwsgi, ...others]
  if (all.length === 0) return open('the file names no socket')
  if (others.length > 0 || (http.length > 0 && uwsgi.length > 0))
    return open(`the file names several kinds of sockets (${all.join(', ')})`)
  if (includes.length > 0) return open(`the file includes another (${includes.join(', ')})`)
  if (http.length > 0) return known('http')
  if (options.has('vhost')) return open('with vhost a client writes the beginning of each line')
  if (forwarded === false) return known('uwsgi')
  return forwarded
    ? open('log-x-forwarded-for is on behind a uwsgi socket')
    : open('the file does not say log-x-forwarded-for = false')
}

/** Where the logger cuts a record. */
function cutsOf(
  options: Options,
  switched: (name: string) => boolean | undefined,
): Pick<LogSettings, 'cutAt' | 'isSplit'> {
  const loggers = ['req-logger', 'logger-req', 'logger'].flatMap(name => options.get(name) ?? [])
  if (loggers.some(value => /^(?:\S+ )?rsyslog(?::|$)/.test(value)))
    return { cutAt: RSYSLOG_BYTES, isSplit: switched('rsyslog-split-messages') ?? false }
  return { cutAt: Number(options.get('log-master-bufsize')?.at(-1)) || undefined, isSplit: false }
}

/** `log-date = true` only switches dates on; anything else is a format of strftime. */
function dateFormat(value: string | undefined): string | undefined {
  return value === undefined || value === 'true' ? undefined : value.replaceAll('%%', '%')
}
