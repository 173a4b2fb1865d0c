import { instantReader, parseInstant } from '../wire/instant.js'
import type { BanRecord } from '../wire/record.js'
import { canonicalTarget } from './jail/records.js'

/**
 * A ban as xff-window writes it, to the last character; nothing in it is escaped. Instants and the address are only
 * looked at for their shape.
 */
const ORDINARY = (() => {
  const instant = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
  const count = String.raw`(?:0|[1-9]\d{0,8})`
  const text = String.raw`[^"\\\x00-\x1f]*`
  return new RegExp(
    `^{"type":"ban","time":"${instant}","ip":"[0-9a-f.:/]{2,49}","failures":${count},"since":"${instant}",` +
      `"last":{"status":${count},"method":"${text}","uri":"${text}"}}$`,
  )
})()

const INSTANT_LENGTH = '2026-11-22T14:06:08.123Z'.length
const TIME = '{"type":"ban","time":"'.length
const IP = TIME + INSTANT_LENGTH + '","ip":"'.length
const SINCE = '"since":"'
/** How long such a line is at most: any longer one is read in full. */
const MAX_LENGTH = 4096

// that of the first failure and that of the last lie in minutes of their own
const parseSince = instantReader()

/**
 * Reads a ban of the ordinary shape. Most bans of a long attack are repeats, of which only the time and the address are
 * asked for: the rest is read when somebody does.
 * @returns undefined for a line of any other shape, be it good or bad
 */
export function readOrdinaryBan(text: string): BanRecord | undefined {
  if (text.length > MAX_LENGTH || !ORDINARY.test(text)) return undefined
  const ipEnd = text.indexOf('"', IP)
  const written = text.slice(IP, ipEnd)
  // the same text for all lines that it is in
  const ip = canonicalTarget(written)
  if (ip !== written) return undefined
  const since = text.indexOf(SINCE, ipEnd) + SINCE.length
  if (!(parseSince(text.slice(since, since + INSTANT_LENGTH)) >= 0)) return undefined
  const time = text.slice(TIME, TIME + INSTANT_LENGTH)
  return parseInstant(time) >= 0 ? new OrdinaryBan(text, time, ip) : undefined
}

type Rest = Required<Pick<BanRecord, 'failures' | 'since' | 'last'>>

class OrdinaryBan implements BanRecord {
  readonly type = 'ban' as const
  readonly time: string
  readonly ip: string
  readonly #text: string
  #rest: Rest | undefined

  constructor(text: string, time: string, ip: string) {
    this.time = time
    this.ip = ip
    this.#text = text
  }

  get failures() {
    return this.#read().failures
  }

  get since() {
    return this.#read().since
  }

  get last() {
    return this.#read().last
  }

  #read(): Rest {
    this.#rest ??= JSON.parse(this.#text) as Rest
    return this.#rest
  }
}
