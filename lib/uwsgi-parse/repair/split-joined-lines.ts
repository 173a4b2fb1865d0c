import { transform } from 'through2'

const HEAD = Buffer.from('[pid: ')
const NEWLINE = 0x0a
/** uWSGI's buffer for a line (core/logging.c, uwsgi_logit_simple). */
const BUFFER_BYTES = 4096

/**
 * A line of uWSGI's own layout that fills its buffer to the last byte ends in NUL where the newline should be, so
 * that the next one is glued to it: puts the newline there. A NUL anywhere else is left alone, since what stands
 * before it may be a stranger's.
 */
export function splitJoinedLines() {
  return transform((block: Buffer, _encoding, done) => {
    for (let nul = block.indexOf(0); nul >= 0; nul = block.indexOf(0, nul + 1)) {
      const head = nul + 1 - BUFFER_BYTES
      if (head >= 0 && block.compare(HEAD, 0, HEAD.length, head, head + HEAD.length) === 0)
        block[nul] = NEWLINE
    }
    done(null, block)
  })
}
