import type { Reading } from '../layout/reading.js'
import { LINE_BYTES } from '../layout/uwsgi.js'

/** A record out of a line that holds a NUL. */
export interface Joined {
  reading: Reading
  /** whether it was read from the end of the line, so that its client is certain whatever stands before */
  isCertain: boolean
}

/** How a piece of such a line is read, and how the whole line is from its end, where that has one reading. */
export interface ReadJoined {
  piece: (text: string) => Reading | undefined
  fromEnd: (line: string) => Reading | undefined
}

/**
 * The records of a line of uWSGI's own layout that holds a NUL; none where it holds no NUL, or no record. A record that
 * fills its buffer ends in NUL where the newline should be (core/logging.c, uwsgi_logit_simple), so that the next one is
 * joined to it; but a NUL may also be a client's: in the Host header with --vhost, and in every variable of a log-format.
 * So what stands around one is believed by nobody; but read from its end the line has one client.
 */
export function splitJoinedLines(line: string, { piece, fromEnd }: ReadJoined): readonly Joined[] {
  if (!line.includes('\0')) return []
  const pieces = line.split('\0')
  const whole = fromEnd(line)
  const found = pieces.flatMap((text, i): Joined[] => {
    if (whole && i === pieces.length - 1) return [{ reading: whole, isCertain: true }]
    const reading = piece(text)
    return reading ? [{ reading, isCertain: false }] : []
  })
  // two records are joined where the first has filled uWSGI's buffer; else the NUL is a client's, in one record
  return Buffer.byteLength(line) > LINE_BYTES ? found : found.slice(-1)
}
