import type { Format } from '../layout/log-format.js'
import { RSYSLOG_BYTES } from '../layout/uwsgi.js'

/** Why a line may be more or less than one record. */
export type Cut = 'cut' | 'rest'

/** Is shown each line, and whether its collector says that it is a piece; tells whether a client may have chosen where it begins or ends. */
export type WatchCuts = ((line: string, isPiece: boolean) => Cut | undefined) & {
  /** whether the next line is the rest of the last one */
  isPending: () => boolean
}

/** What the runtimes of containers write before a piece of a line that goes on in the next one (CRI: `P` for partial). */
const CRI_PIECE = /^\S{10,40} std(?:out|err) P /

/**
 * What a syslog daemon writes before a message, in the date of the sender or its own: `Nov 22 14:06:08 web1 uwsgi: `.
 * A sender that names its process (`uwsgi[7]: `, as journald does) is not uWSGI's plugin.
 */
const SYSLOG_HEAD =
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d)) (?:[^\s[]{1,255} )?[^\s[]{1,64}: /

/** What journald stores of a line of a service's output at most: the rest is an entry of its own (LineMax= in journald.conf). */
const JOURNALD_BYTES = 48 * 1024

/** Heroku's router of logs splits longer messages, each piece behind a head of its own. */
const HEROKU_HEAD = /^\d{4}-\d\d-\d\dT[\d:.]{8,18}[+-]\d\d:\d\d app\[[\w.-]{1,64}\]: /
const HEROKU_BYTES = 10_000

/**
 * What fills the buffer of a logger has lost its end, so that a client chose what stands there instead, or what the next
 * record is joined to; and where the rest comes as a line of its own, a client chose how that begins. By syslog uWSGI's
 * own plugin is taken for the sender, unless it is said where lines are cut.
 */
export function watchCuts({ cutAt, isSplit }: Format): WatchCuts {
  let isRest = false
  const watch = (line: string, isPiece: boolean): Cut | undefined => {
    // a UTF-16 unit is 3 bytes at the most
    const isFull = line.length * 3 >= cutAt && Buffer.byteLength(line) >= cutAt
    const isSyslog = !isSplit && fillsSyslog(line)
    const isCut = isFull || isSyslog
    const isPart = isPiece || isPieceBySize(line)
    const cut = isRest ? 'rest' : isCut || isPart ? 'cut' : undefined
    isRest = isPart || isSyslog || (isCut && isSplit) || CRI_PIECE.test(line)
    return cut
  }
  return Object.assign(watch, { isPending: () => isRest })
}

/** Whether a line is as long as the pieces that its collector makes of longer ones. */
function isPieceBySize(line: string): boolean {
  if (line.length * 3 < HEROKU_BYTES) return false
  const bytes = Buffer.byteLength(line)
  if (bytes === JOURNALD_BYTES) return true
  const [head] = HEROKU_HEAD.exec(line) ?? []
  return head !== undefined && bytes - head.length >= HEROKU_BYTES
}

/** Whether a message that came by syslog is as long as uWSGI sends one, or longer: daemons escape control characters. */
function fillsSyslog(line: string): boolean {
  if (line.length * 3 < RSYSLOG_BYTES) return false
  const [head] = SYSLOG_HEAD.exec(line) ?? []
  return head !== undefined && Buffer.byteLength(line) - head.length >= RSYSLOG_BYTES
}
