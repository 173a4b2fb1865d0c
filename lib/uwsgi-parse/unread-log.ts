import { excerpt } from '../text/printable.js'
import { linesOf } from '../wire/lines.js'
import type { Format } from './layout/log-format.js'
import { isCompressed, isOfUwsgiItself, looksLike } from './looks-like.js'
import type { Tally } from './tally.js'

/** After how many lines without a request it is said. */
const MAX_LINES = 1000
/** The usual pause between two looks at a log that is read live. */
const PAUSE_MS = 10_000
/** How many lines of a live log are few: they may be all that uWSGI says before the first request. */
const FEW_LINES = 10
/** How much of the first lines is kept. */
const MAX_SAMPLES = 100
const MAX_SAMPLE_LENGTH = 4096

/** Watches whether there is any request in a log. */
export interface UnreadLog {
  /** is shown each block of lines before it is read */
  before: (block: Buffer) => void
  /** is told when it has been read */
  after: () => void
  /** is told when the log has ended */
  end: () => void
}

export interface Options {
  tally: Pick<Tally, 'lines' | 'requests'>
  format: Pick<Format, 'isOwn'>
  warn: (message: string) => void
  /** how often a log that is read live is asked about, in milliseconds */
  pause?: number
}

/**
 * Says once when none of the first lines is a request, with the first such line and what the log looks like: from a log
 * that is not understood nobody is ever banned. It is said after 1,000 lines, at the end, or when a live log has spoken
 * for ten seconds.
 */
export function watchUnreadLog({ tally, format, warn, pause = PAUSE_MS }: Options): UnreadLog {
  const samples: string[] = []
  let isDone = false
  let timer: NodeJS.Timeout | undefined

  const settle = () => {
    isDone = true
    clearInterval(timer)
    samples.length = 0
  }
  const say = () => {
    const found = samples.map(line => ({ line, what: looksLike(line, format) })).find(({ what }) => what)
    const line = found?.line ?? samples[0] ?? ''
    const which =
      tally.lines === 1 ? 'the only line is no request' : `none of ${tally.lines} lines is a request`
    const what = found?.what ?? advice(samples, format)
    const shown = isCompressed(line) ? '' : `. First such line: ${excerpt(line, 200)}`
    warn(`${which}, so nobody can be banned. ${what}${shown}`)
    settle()
  }
  const ask = () => {
    const isKnown = samples.some(line => looksLike(line, format) !== undefined)
    if (tally.requests > 0) settle()
    else if (isKnown || (tally.lines >= FEW_LINES && !samples.every(isOfUwsgiItself))) say()
  }
  return {
    before(block) {
      if (isDone) return
      for (const line of linesOf(block)) {
        if (samples.length === MAX_SAMPLES) break
        if (line.trim() !== '') samples.push(line.slice(0, MAX_SAMPLE_LENGTH))
      }
      timer ??= setInterval(ask, pause).unref()
    },
    after() {
      if (isDone) return
      if (tally.requests > 0) settle()
      else if (tally.lines >= MAX_LINES) say()
    },
    end() {
      if (!isDone && tally.requests === 0 && samples.length > 0) say()
      else settle()
    },
  }
}

/** What to do about a log that looks like nothing that is known. */
function advice(samples: readonly string[], { isOwn }: Pick<Format, 'isOwn'>): string {
  if (samples.every(isOfUwsgiItself)) {
    return (
      'All of it is what uWSGI says of itself: its requests are logged elsewhere (req-logger), or not at all ' +
      '(disable-logging without log-4xx and log-5xx)'
    )
  }
  return isOwn
    ? "It is not uWSGI's own layout: does uWSGI have a log-format (--ini uwsgi.ini, or --log-format), or is it the log of another server (--layout)"
    : 'It is another file, or this is not the log-format of its uWSGI'
}
