/** How uWSGI writes a variable that it computes, or that a front end writes for it. */
export interface Grammar {
  /** a pattern without groups */
  source: string
  /** the characters that may go on with it, where nothing in itself tells its end */
  more: RegExp | null
}

const NUMBER: Grammar = { source: '-?\\d{1,20}|-', more: /\d/ }
/** The name of a month in any language: an app may set the locale in which uWSGI prints it. */
const LTIME: Grammar = {
  source: '\\d\\d/[^/\\]"]{1,24}/\\d{4}:\\d\\d:\\d\\d:\\d\\d [+-]\\d{4}',
  more: null,
}
/** The socket's address as uWSGI or nginx's uwsgi_param writes it: `unix:` too, and zones. */
export const SOCKET: Grammar = { source: '[0-9A-Za-z:.%]{1,64}|-', more: /[0-9A-Za-z:.%]/ }

const NUMBERS =
  'rsize hsize size cl micros msecs tmsecs tmicros time epoch pid wid switches vars core vsz rss vszM rssM ' +
  'pktsize modifier1 modifier2 headers werr rerr ioerr var.REMOTE_PORT'

/** The variables of core/logging.c, uwsgi_register_logchunks, that a client cannot write into. */
const GRAMMARS: Readonly<Record<string, Grammar>> = {
  status: { source: '-?\\d{1,10}', more: /\d/ },
  ltime: LTIME,
  ftime: LTIME,
  'var.REMOTE_ADDR': SOCKET,
  ctime: { source: '[A-Z][a-z]{2} [A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}', more: null },
  // with the comma of a locale
  secs: { source: '\\d{1,20}(?:[.,]\\d{1,20})?|-', more: /[\d.,]/ },
  ...Object.fromEntries(NUMBERS.split(' ').map(name => [name, NUMBER])),
}

/** The grammar of a variable; undefined for free text: what a client sent, or the app set. */
export function grammarOf(name: string): Grammar | undefined {
  if (name.startsWith('metric.')) return NUMBER
  return Object.hasOwn(GRAMMARS, name) ? GRAMMARS[name] : undefined
}
