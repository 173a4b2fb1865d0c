/** An instant as the records write it: ISO 8601, with a zone. */
export const INSTANT =
  /^((?:19[7-9]|[2-9]\d\d)\d-\d\d-(\d\d))T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** The year 10000, in milliseconds since 1970: from there on ISO 8601 needs a sign. */
export const END_OF_TIME_MS = 253_402_300_800_000

// several readers ask for the time of a record, one after the other, and records have it in common
let lastText = ''
let lastInstant = Number.NaN

/** An instant of a record in milliseconds since 1970; NaN for a text that is none. */
export function parseInstant(text: string): number {
  if (text === lastText) return lastInstant
  lastInstant = read(text)
  lastText = text
  return lastInstant
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
