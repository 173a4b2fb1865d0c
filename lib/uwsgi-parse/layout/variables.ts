/** How uWSGI writes a variable that it computes, or that a front end writes for it. */
export interface Grammar {
  /** a pattern without groups */
  source: string
  /** the characters that may go on with it, where nothing in itself tells its end */
  more: RegExp | null
  /** what an ordinary line has there, which the pattern allows, too; undefined: what ends nowhere by itself */
  ordinary?: Ordinary
}

/** What an ordinary line has in the place of a variable: what a fast reader finds the end of at once. */
export type Ordinary =
  /** so many digits at the most; `signed`: also `-7`; `count`: also `-`; `number`: without zeros in front */
  | { does: 'digits' | 'signed' | 'count' | 'number'; most: number }
  /** three digits, of which the first is not 0 */
  | { does: 'status' }
  /** so many of some characters, which a pattern tells */
  | Word
  /** a number that tells the time: how many milliseconds it counts */
  | { does: 'instant'; unit: number }
  /** a date: where in it the seconds stand, the only thing in which two of the same minute differ; -1 if that is unknown */
  | { does: 'date'; second: number }

export interface Word {
  does: 'word'
  of: RegExp
  least: number
  most: number
}

export function digits(most: number): Grammar {
  return { source: `\\d{1,${most}}`, more: /\d/, ordinary: { does: 'digits', most } }
}

export function signed(most: number): Grammar {
  return { source: `-?\\d{1,${most}}`, more: /\d/, ordinary: { does: 'signed', most } }
}

/** A number, or what uWSGI writes where there is none. */
export function count(most: number): Grammar {
  return { source: `-?\\d{1,${most}}|-`, more: /\d/, ordinary: { does: 'count', most } }
}

/** One or more of some characters. */
export function word(of: RegExp, most = 255): Word {
  return { does: 'word', of, least: 1, most }
}

/** Three digits, or what there is without an answer. */
export const STATUS = '\\d{3}|-?\\d'

const NUMBER = count(20)
/** Numbers of a record stand there as JSON writes them; these are as large as are exact, and as 32 bits hold. */
export const SIZE: Ordinary = { does: 'number', most: 15 }
export const MSECS: Ordinary = { does: 'number', most: 9 }
/** The name of a month in any language: an app may set the locale in which uWSGI prints it. */
const LTIME: Grammar = {
  source: '\\d\\d/[^/\\]"]{1,24}/\\d{4}:\\d\\d:\\d\\d:\\d\\d [+-]\\d{4}',
  more: null,
}
export const CTIME: Grammar = {
  source: '[A-Z][a-z]{2} [A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}',
  more: null,
  ordinary: { does: 'date', second: 'Sun Nov 22 14:06:'.length },
}
/** What one address consists of. */
const HOP = /[0-9A-Fa-f:.]/
/** A list of addresses, or one. */
export const SLOT = word(/[0-9A-Fa-f:., ]/, 4096)
/** The socket's address as uWSGI or nginx's uwsgi_param writes it: `unix:` too, and zones. */
export const SOCKET: Grammar = {
  source: '[0-9A-Za-z:.%]{1,64}|-',
  more: /[0-9A-Za-z:.%]/,
  ordinary: word(HOP, 45),
}

const NUMBERS =
  'rsize hsize size cl micros msecs tmsecs tmicros time epoch pid wid switches vars core vsz rss vszM rssM ' +
  'pktsize modifier1 modifier2 headers werr rerr ioerr var.REMOTE_PORT'

/** The variables of core/logging.c, uwsgi_register_logchunks, that a client cannot write into. */
const GRAMMARS: Readonly<Record<string, Grammar>> = {
  status: { source: STATUS, more: /\d/, ordinary: { does: 'status' } },
  ltime: { ...LTIME, ordinary: { does: 'date', second: '22/Nov/2026:14:09:'.length } },
  ftime: LTIME,
  'var.REMOTE_ADDR': SOCKET,
  ctime: CTIME,
  // with the comma of a locale
  secs: { source: '\\d{1,20}(?:[.,]\\d{1,20})?|-', more: /[\d.,]/ },
  ...Object.fromEntries(NUMBERS.split(' ').map(name => [name, NUMBER])),
  rsize: { ...NUMBER, ordinary: SIZE },
  size: { ...NUMBER, ordinary: SIZE },
  msecs: { ...NUMBER, ordinary: MSECS },
  tmsecs: { ...NUMBER, ordinary: { does: 'instant', unit: 1 } },
  time: { ...NUMBER, ordinary: { does: 'instant', unit: 1000 } },
  epoch: { ...NUMBER, ordinary: { does: 'instant', unit: 1000 } },
}

/** The grammar of a variable; undefined for free text: what a client sent, or the app set. */
export function grammarOf(name: string): Grammar | undefined {
  if (name.startsWith('metric.')) return NUMBER
  return Object.hasOwn(GRAMMARS, name) ? GRAMMARS[name] : undefined
}

/**
 * What stands in a format for text that a configuration file does not tell: the environment (`$(NAME)`), other files
 * (`@(name)`), and what uWSGI only knows while it runs (`%h`, written `$(%h)` here). It is the same in every line.
 */
export const UNKNOWN = /[$@]\([^()]{1,200}\)/

/** What such a text is taken for. */
export const WORD: Grammar = { source: '\\S{1,200}', more: /\S/ }

/** Variables that tell the end of a request, as against its start; `now.…` is what an encoder prints. */
export const ENDS: readonly string[] = ['epoch', 'now.micros', 'now.millis', 'now.unix']

/** Whether a variable that an app sets is a time by its name, as `isotime` and `iso8601timestamp`. */
export function isNamedTime(name: string): boolean {
  return /^(?!var\.|other )(?:[\w.-]{0,30}(?:iso|timestamp|datetime)[\w.-]{0,30}|(?:log|event|start|end|local|utc|r)?_?(?:time|date))$/i.test(
    name,
  )
}

/** Variables of the request (CGI) that stand for others of uWSGI's. */
export const SAME_AS: Readonly<Record<string, string>> = {
  method: 'var.REQUEST_METHOD',
  uri: 'var.REQUEST_URI',
  proto: 'var.SERVER_PROTOCOL',
  host: 'var.HTTP_HOST',
  user: 'var.REMOTE_USER',
  referer: 'var.HTTP_REFERER',
  uagent: 'var.HTTP_USER_AGENT',
}
