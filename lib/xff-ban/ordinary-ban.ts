import { instantReader, parseInstant } from '../wire/instant.js'
import type { BanRecord } from '../wire/record.js'
import { canonicalTarget } from './jail/records.js'

/**
 * A ban as xff-window writes it, to the last character; nothing in it is escaped. Instants and the address are only
 * looked at for their shape.
 */
export const ORDINARY = (() => {
  const instant = String.raw`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)`
  const count = String.raw`(0|[1-9]\d{0,8})`
  const text = String.raw`([^"\\\x00-\x1f]*)`
  return new RegExp(
    `^{"type":"ban","time":"${instant}","ip":"([0-9a-f.:/]{2,49})","failures":${count},"since":"${instant}",` +
      `"last":{"status":${count},"method":"${text}","uri":"${text}"}}$`,
  )
})()

/** How long such a line is at most: any longer one is read in full. */
const MAX_LENGTH = 4096

// that of the first failure and that of the last lie in minutes of their own
const parseSince = instantReader()

/**
 * Reads a ban of the ordinary shape: a long attack is made of them, and JSON.parse and the schema take longer.
 * @returns undefined for a line of any other shape, be it good or bad
 */
export function readOrdinaryBan(line: string): BanRecord | undefined {
  const found = line.length > MAX_LENGTH ? null : ORDINARY.exec(line)
  if (!found) return undefined
  const [, time = '', written = '', failures, since = '', status, method = '', uri = ''] = found
  // the same text for all lines that it is in
  const ip = canonicalTarget(written)
  if (ip !== written || !(parseSince(since) >= 0) || !(parseInstant(time) >= 0)) return undefined
  const last = { status: Number(status), method, uri }
  return { type: 'ban', time, ip, failures: Number(failures), since, last }
}
