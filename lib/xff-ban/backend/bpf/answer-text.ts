/*
 * The value of `texts` in contract.h: a response in place of the one that is built into the kernel program.
 */

const TEXT_SIZE = 1024
/** Replaced in the kernel by the seconds until the end of the ban. */
const BLANKS = ' '.repeat(12)
const STATUS_LINES = { '403': 'HTTP/1.1 403 Forbidden', '429': 'HTTP/1.1 429 Too Many Requests' } as const

/** How long the body may be, in bytes: the response has to fit into one segment on any path. */
export const MAX_ANSWER_TEXT = 800

/**
 * A complete response. No cache keeps it: it would give it to other clients.
 * @param body at most MAX_ANSWER_TEXT bytes, UTF-8
 */
export function textValue(answer: '403' | '429', body: Buffer): Buffer {
  const status = `${STATUS_LINES[answer]}\r\n`
  // the number has to begin at an even offset: the kernel corrects the checksum in words
  const retry = status.length % 2 === 0 ? 'Retry-After:  ' : 'Retry-After: '
  const isHtml = /^\s*<(!doctype|html|head|body)\b/i.test(body.toString('latin1'))
  const headers = [
    'Cache-Control: no-store',
    'Connection: close',
    `Content-Type: text/${isHtml ? 'html' : 'plain'}; charset=utf-8`,
    `Content-Length: ${body.length}`,
  ]
  const limited = answer === '429' ? `${retry}${BLANKS}\r\n` : ''
  const text = Buffer.concat([Buffer.from(`${status}${limited}${headers.join('\r\n')}\r\n\r\n`), body])
  const value = Buffer.alloc(8 + TEXT_SIZE)
  value.writeUInt32LE(text.length, 0)
  value.writeUInt32LE(limited ? status.length + retry.length : 0, 4)
  text.copy(value, 8)
  return value
}
