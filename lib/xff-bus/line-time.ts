import { parseInstant } from '../wire/instant.js'

/** How uwsgi-parse begins a record. */
const HEAD = Buffer.from('{"type":"request","time":"')
const SECOND_LENGTH = '2026-11-22T14:06:08'.length
const ZERO = 0x30
const [DOT, Z] = [0x2e, 0x5a]

/**
 * Reads the time of one record after the other, in milliseconds since 1970; NaN where it has none. It stands at a fixed
 * place, and many have the same second.
 */
export function createLineTimes(): (line: Buffer) => number {
  let second = ''
  let secondMs = Number.NaN
  return line => {
    const at = HEAD.length + SECOND_LENGTH
    if (
      line.length > at + 5 &&
      line[at] === DOT &&
      line[at + 4] === Z &&
      HEAD.compare(line, 0, HEAD.length) === 0
    ) {
      const text = line.toString('latin1', HEAD.length, at)
      if (text !== second) {
        second = text
        secondMs = parseInstant(`${text}Z`)
      }
      return secondMs + 100 * digit(line[at + 1]) + 10 * digit(line[at + 2]) + digit(line[at + 3])
    }
    return timeOfAny(line)
  }
}

function digit(code: number | undefined): number {
  const value = (code ?? 0) - ZERO
  return value >= 0 && value <= 9 ? value : Number.NaN
}

function timeOfAny(line: Buffer): number {
  try {
    const record: unknown = JSON.parse(line.toString())
    const time = typeof record === 'object' && record !== null && 'time' in record ? record.time : undefined
    return typeof time === 'string' ? parseInstant(time) : Number.NaN
  } catch {
    return Number.NaN
  }
}
