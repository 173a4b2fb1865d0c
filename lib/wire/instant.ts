/** An instant as the records write it: ISO 8601, with a zone. */
export const INSTANT =
  /^((?:19[7-9]|[2-9]\d\d)\d-\d\d-(\d\d))T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** The year 10000, in milliseconds since 1970: from there on ISO 8601 needs a sign. */
export const END_OF_TIME_MS = 253_402_300_800_000

// several readers ask for the time of a record, one after the other, and records have their minutes in common
let lastText = ''
let lastInstant = Number.NaN
/** A minute, up to the colon behind it, as we write it, and when it began. */
let lastMinute = ''
let minuteInstant = Number.NaN

/** An instant of a record in milliseconds since 1970; NaN for a text that is none. */
export function parseInstant(text: string): number {
  if (text === lastText) return lastInstant
  lastInstant = readInMinute(text)
  lastText = text
  return lastInstant
}

const MINUTE_LENGTH = '2026-11-22T14:06:'.length
/** What is behind the minute of an instant as we write it. */
const REST = /^[0-5]\d\.\d{3}Z$/

/** Reads what lies in the same minute as the last instant without looking at that again. */
function readInMinute(text: string): number {
  const rest = text.slice(MINUTE_LENGTH)
  if (!REST.test(rest)) return read(text)
  if (lastMinute === '' || !text.startsWith(lastMinute)) {
    lastMinute = text.slice(0, MINUTE_LENGTH)
    minuteInstant = read(`${lastMinute}00.000Z`)
  }
  return minuteInstant + Number(rest.slice(0, 2)) * 1000 + Number(rest.slice(3, 6))
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
