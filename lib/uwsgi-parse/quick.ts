import { type Block, numberAt } from '../bytes.js'
import { END_OF_TIME, formatInstant } from '../record.js'
import { rememberLast } from '../remember.js'
import type { FindClient } from './client.js'
import { DATE, type Parts, takeApart } from './ordinary.js'
import { copy, type Output, put, type Stretch, stretch } from './output.js'
import { compileSender, type Sender } from './sender.js'
import { parseCtime } from './time.js'

const MINUTE = 60_000
const CTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/

// what stands between the parts of a record
const TYPE = '{"type":"request","time":"'
const METHOD = stretch(',"method":"')
const URI = stretch('","uri":"')
const PROTOCOL = stretch('","protocol":"')
const BYTES = stretch('","bytes":')
const MSECS = stretch(',"msecs":')
const VIA = stretch(',"via":"')
const END_VIA = stretch('"}\n')
const END = stretch('}\n')
/** More than all of these, the time and the address come to. */
const AROUND = 256

/**
 * Reads an ordinary line where it lies, and writes its record.
 * @param status where `findStatus` found the line's status
 * @param output takes the record; without it the line is only read
 * @returns who sent it; null for a line that is not ordinary
 */
export type Quick = (block: Block, start: number, status: number, output: Output | undefined) => Sender | null

export function compileQuick(client: FindClient, clock: (wall: number, msecs: number) => number): Quick {
  const senderAt = compileSender(client)
  const wallAt = rememberLast(DATE, text => (CTIME.test(text) ? parseCtime(text) : Number.NaN))
  const minuteHead = rememberMinute()
  const parts: Parts = {
    ...{ slotStart: 0, slotEnd: 0, dateStart: 0, methodStart: 0, methodEnd: 0, uriStart: 0, uriEnd: 0 },
    ...{ sizeStart: 0, sizeEnd: 0, msecsStart: 0, msecsEnd: 0, protocolStart: 0, protocolEnd: 0 },
  }

  const write = (output: Output, { view }: Block, status: number, time: number, sender: Sender) => {
    output.reserve(parts.slotEnd - parts.slotStart + (parts.protocolEnd - parts.methodStart) + AROUND)
    const to = output.view
    const minute = Math.floor(time / MINUTE)
    let at = put(to, output.length, minuteHead(minute))
    // as an integer: what is a double stays one, and is slow to divide
    at = putSeconds(to, at, (time - minute * MINUTE) | 0)
    at = put(to, at, sender.json)
    at = copy(to, at, view, status, status + 3)
    at = put(to, at, METHOD)
    at = copy(to, at, view, parts.methodStart, parts.methodEnd)
    at = put(to, at, URI)
    at = copy(to, at, view, parts.uriStart, parts.uriEnd)
    at = put(to, at, PROTOCOL)
    at = copy(to, at, view, parts.protocolStart, parts.protocolEnd)
    at = put(to, at, BYTES)
    at = copy(to, at, view, parts.sizeStart, parts.sizeEnd)
    at = put(to, at, MSECS)
    at = copy(to, at, view, parts.msecsStart, parts.msecsEnd)
    if (sender.listed) {
      at = put(to, at, VIA)
      at = copy(to, at, view, parts.slotStart, parts.slotEnd)
    }
    output.length = put(to, at, sender.listed ? END_VIA : END)
  }

  return (block, start, status, output) => {
    if (!takeApart(block, start, status, parts)) return null
    const { bytes } = block
    const time = clock(wallAt(block, parts.dateStart), numberAt(bytes, parts.msecsStart, parts.msecsEnd))
    if (!(time >= 0 && time < END_OF_TIME)) return null
    const sender = senderAt(block, parts.slotStart, parts.slotEnd)
    if (output) write(output, block, status, time, sender)
    return sender
  }
}

/** The beginning of a record up to the seconds of its time, the last one remembered. */
function rememberMinute(): (minute: number) => Stretch {
  let last = Number.NaN
  let head = stretch('')
  return minute => {
    if (minute !== last) {
      last = minute
      head = stretch(TYPE + formatInstant(minute * MINUTE).slice(0, 17))
    }
    return head
  }
}

/** Writes milliseconds below a minute as `SS.mmm`. */
function putSeconds(to: DataView, at: number, millis: number): number {
  const second = Math.floor(millis / 1000)
  const rest = millis % 1000
  to.setUint8(at, 0x30 + Math.floor(second / 10))
  to.setUint8(at + 1, 0x30 + (second % 10))
  to.setUint8(at + 2, 0x2e)
  to.setUint8(at + 3, 0x30 + Math.floor(rest / 100))
  to.setUint8(at + 4, 0x30 + (Math.floor(rest / 10) % 10))
  to.setUint8(at + 5, 0x30 + (rest % 10))
  return at + 6
}
