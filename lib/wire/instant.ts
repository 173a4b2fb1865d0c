/** An instant as the records write it: ISO 8601, with a zone. */
export const INSTANT =
  /^((?:19[7-9]|[2-9]\d\d)\d-\d\d-(\d\d))T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** The year 10000, in milliseconds since 1970: from there on ISO 8601 needs a sign. */
export const END_OF_TIME_MS = 253_402_300_800_000

const MINUTE_LENGTH = '2026-11-22T14:06:'.length
const LENGTH = '2026-11-22T14:06:08.123Z'.length
const ZERO = 0x30
const DOT = 0x2e
const ZULU = 0x5a

/** An instant of a record in milliseconds since 1970; NaN for a text that is none. */
export const parseInstant = instantReader()

/** As `parseInstant`, for instants that come by turns with others: what was read before it remembers by itself. */
export function instantReader(): (text: string) => number {
  // several readers ask for the time of a record, one after the other, and records have their minutes in common
  let lastText = ''
  let lastInstant = Number.NaN
  /** A minute, up to the colon behind it, as we write it, and when it began. */
  let lastMinute = ''
  let minuteInstant = Number.NaN

  /** Reads what lies in the same minute as the last instant without looking at that again. */
  const readInMinute = (text: string): number => {
    const rest = text.length === LENGTH ? restOf(text) : -1
    if (!(rest >= 0)) return read(text)
    if (lastMinute === '' || !text.startsWith(lastMinute)) {
      lastMinute = text.slice(0, MINUTE_LENGTH)
      minuteInstant = read(`${lastMinute}00.000Z`)
    }
    return minuteInstant + rest
  }

  return text => {
    if (text === lastText) return lastInstant
    lastInstant = readInMinute(text)
    lastText = text
    return lastInstant
  }
}

/** What is behind the minute of an instant as we write it, `08.123Z`, in milliseconds; below 0 where it is not that. */
function restOf(text: string): number {
  const digit = (at: number) => {
    const value = text.charCodeAt(MINUTE_LENGTH + at) - ZERO
    return value >= 0 && value <= 9 ? value : Number.NEGATIVE_INFINITY
  }
  if (text.charCodeAt(MINUTE_LENGTH + 2) !== DOT || text.charCodeAt(MINUTE_LENGTH + 6) !== ZULU) return -1
  const ten = digit(0)
  if (ten > 5) return -1
  return (ten * 10 + digit(1)) * 1000 + digit(3) * 100 + digit(4) * 10 + digit(5)
}

function read(text: string): number {
  const [, date, day] = INSTANT.exec(text) ?? []
  if (date === undefined) return Number.NaN
  // Date.parse takes the 31st of February for the 3rd of March
  if (Number(day) > 28 && !new Date(`${date}T00:00:00Z`).toISOString().startsWith(date)) return Number.NaN
  return Date.parse(text)
}

/** Milliseconds since 1970 as the records write them. */
export function formatInstant(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
