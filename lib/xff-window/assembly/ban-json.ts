import { MAX_ADDRESS_TEXT, putPrefix } from '../../fast/assembly/address'
import { ascii, copy, putNumber, putText, ZERO } from '../../fast/assembly/bytes'
import { METHOD, URI } from '../../fast/assembly/request-json'
import { flush } from './host'
import { failuresOfBan } from './window'

const TYPE = ascii('{"type":"ban","t')
const TIME = ascii('ime":"')
const IP = ascii('Z","ip":"')
const FAILURES = ascii('","failures":')
const SINCE = ascii(',"since":"')
const LAST = ascii('Z","last":{"stat')
const STATUS = ascii('us":')
const END = ascii('"}}\n')
/** More than all that stands between the texts comes to. */
const AROUND: usize = 256

const CAPACITY: usize = 1 << 17
/** What a copy may touch behind its end. */
const OVERRUN: usize = 32
export const output = heap.alloc(CAPACITY + OVERRUN)
/** Where the next record is to be written. */
export let written = output

/** The output was taken. */
export function clearOutput(): void {
  written = output
}

const DAY: f64 = 86_400_000

/** Writes the record of a ban; nothing in its method and its URI, which are short, is to be escaped. */
export function writeBan(
  high: u64,
  low: u64,
  bits: i32,
  time: f64,
  since: f64,
  status: i32,
  method: usize,
  methodLength: usize,
  uri: usize,
  uriLength: usize,
): void {
  if (written + methodLength + uriLength + AROUND + MAX_ADDRESS_TEXT > output + CAPACITY) flush()
  let at = putInstant(putText(putText(written, TYPE), TIME), time)
  at = putPrefix(putText(at, IP), high, low, bits)
  at = putNumber(putText(at, FAILURES), failuresOfBan())
  at = putInstant(putText(at, SINCE), since)
  at = putNumber(putText(putText(at, LAST), STATUS), status)
  at = copy(putText(at, METHOD), method, methodLength)
  at = copy(putText(at, URI), uri, uriLength)
  written = putText(at, END)
}

/** Writes `2026-11-22T14:06:08.123`: a time of four digits for the year. @returns where that ends */
function putInstant(to: usize, time: f64): usize {
  const days = <i32>Math.floor(time / DAY)
  const rest = <i32>(time - <f64>days * DAY)
  // days since the first of March of the year 0, in eras of 400 years (the proleptic Gregorian calendar)
  const shifted = days + 719_468
  const era = shifted / 146_097
  const dayOfEra = shifted % 146_097
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  const monthFromMarch = (5 * dayOfYear + 2) / 153
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  putTwo(to, year / 100)
  putTwo(to + 2, year % 100)
  putPair(to + 4, 0x2d, month)
  putPair(to + 7, 0x2d, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  putPair(to + 10, 0x54, rest / 3_600_000)
  putPair(to + 13, 0x3a, (rest / 60_000) % 60)
  putPair(to + 16, 0x3a, (rest / 1000) % 60)
  putPair(to + 19, 0x2e, (rest % 1000) / 10)
  store<u8>(to + 22, ZERO + <u8>(rest % 10))
  return to + 23
}

function putPair(to: usize, before: u8, number: i32): void {
  store<u8>(to, before)
  putTwo(to + 1, number)
}

function putTwo(to: usize, number: i32): void {
  store<u8>(to, ZERO + <u8>(number / 10))
  store<u8>(to, ZERO + <u8>(number % 10), 1)
}
