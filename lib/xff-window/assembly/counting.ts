/*
 * What is done with a failure: it is ignored, waits for the tally of its stretch, or counts, and may make a ban. For those
 * of lines that the host has read, the host writes the ban.
 */
import { isIPv4, maskOf, high as readHigh, low as readLow } from '../../fast/assembly/address'
import { writeBan } from './ban-json'
import { lateLines } from './clocks'
import { banKept, isIgnored, tellLate } from './host'
import { ipEnd, ipStart, methodEnd, methodStart, status, time, uriEnd, uriStart } from './request'
import {
  bannedMeanwhile,
  clearWaiting,
  errorAt,
  isOutage,
  isPartOfBan,
  keep,
  keepText,
  MAX_TEXT,
  spare,
  waiting,
} from './waiting'
import { observe } from './window'

/** Whether failures are counted here, and not each by the host. */
export let isCounting = false
let bits: i32 = 128
let mayIgnore = false
let share: f64 = 0
/** Whether a tally has come: then errors wait. */
let isTallied = false

/** failures of ignored addresses, and bans */
export let ignored: f64 = 0
export let bans: f64 = 0

/** Where the host leaves the key of a failure, in network order. */
export const hostKey = heap.alloc(16)

/**
 * Has failures counted here.
 * @param prefix how many bits of an IPv6 address are its key
 * @param outage the share of an outage, as in outage.ts
 * @param ignores whether the host is to be asked about each failure
 */
export function beginCounting(prefix: i32, outage: f64, ignores: bool): void {
  isCounting = true
  bits = prefix
  share = outage
  mayIgnore = ignores
}

// the key of the failure at hand
let high: u64 = 0
let low: u64 = 0

function setKey(first: u64, second: u64): void {
  const isWhole = bits === 128 || isIPv4(first, second)
  high = isWhole ? first : first & maskOf(bits, 0)
  low = isWhole ? second : second & maskOf(bits, 64)
}

function setHostKey(): void {
  setKey(bswap(load<u64>(hostKey)), bswap(load<u64>(hostKey, 8)))
}

/** Whether the failure that was last read is short enough to be counted here. */
export function isShort(): bool {
  return uriEnd - methodStart <= MAX_TEXT
}

/** Counts the failure that was last read. */
export function countRead(): void {
  if (mayIgnore && isIgnored(ipStart, ipEnd - ipStart) !== 0) {
    ignored += 1
    return
  }
  setKey(readHigh, readLow)
  if (share > 0 && isTallied && status >= 500) {
    if (keep(high, low, time) < 0) return
    keepText(status, methodStart, methodEnd - methodStart, uriStart, uriEnd - uriStart)
    return
  }
  const since = count(time)
  if (isNaN(since)) return
  writeBan(
    high,
    low,
    bits,
    time,
    since,
    status,
    methodStart,
    methodEnd - methodStart,
    uriStart,
    uriEnd - uriStart,
  )
}

/** Counts a failure of a key. @returns the first of those that make a ban; NaN where there is none */
function count(at: f64): f64 {
  const lateBefore = lateLines
  const since = observe(high, low, at)
  if (lateLines !== lateBefore) tellLate(lateLines)
  if (isNaN(since)) return NaN
  bans += 1
  bannedMeanwhile(high, low)
  return since
}

/** Counts a failure that the host has read, by the key it has left. @returns as `count` */
export function countHosts(at: f64): f64 {
  setHostKey()
  return count(at)
}

/** Has an error wait that the host has read, by the key it has left. @returns its number; -1 where no more may wait */
export function keepHosts(at: f64): i32 {
  setHostKey()
  return keep(high, low, at)
}

/** A tally has come: those that wait count, unless that was an outage. */
export function endStretch(requests: f64, errors: f64, clients: f64): void {
  isTallied = true
  endWait(!isOutage(share, requests, errors, clients))
}

/** The input has ended. */
export function endInput(): void {
  endWait(true)
}

function endWait(counts: bool): void {
  const last = waiting
  // what is a part of a ban that fell meanwhile is marked before any of them makes another
  let others = 0
  for (let i = 0; i < last; i++) {
    if (isPartOfBan(i)) store<f64>(errorAt(i), NaN, 16)
    else others += 1
  }
  clearWaiting()
  if (counts) for (let i = 0; i < last; i++) countWaiting(i)
  else spare(others)
}

function countWaiting(index: i32): void {
  const error = errorAt(index)
  const at = load<f64>(error, 16)
  if (isNaN(at)) return
  high = load<u64>(error)
  low = load<u64>(error, 8)
  const since = count(at)
  if (isNaN(since)) return
  const text: usize = load<u32>(error, 24)
  if (text === 0) {
    banKept(index, since)
    return
  }
  const methodLength: usize = load<u32>(error, 32)
  const uriLength: usize = load<u32>(error, 36)
  writeBan(
    high,
    low,
    bits,
    at,
    since,
    load<i32>(error, 28),
    text,
    methodLength,
    text + methodLength,
    uriLength,
  )
}
