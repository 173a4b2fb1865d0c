/** Seconds in a unit, the longest first. */
const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const

type Unit = (typeof UNITS)[number][0]

/** `3600`, `45s`, `10m`, `12h` or `30d` in seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, digits, letter = 's'] = /^(\d{1,12})([smhd])?$/.exec(text) ?? []
  const seconds = UNITS.find(([unit]) => unit === letter)?.[1]
  return digits === undefined || seconds === undefined ? undefined : Number(digits) * seconds
}

/** A span in its two greatest units, the second of which may be 0: 5403 seconds are 1 h, 30 m. */
export function greatestUnits(seconds: number): (readonly [number, Unit])[] {
  let rest = Math.max(0, seconds)
  const from = UNITS.findIndex(([, size]) => rest >= size)
  return UNITS.slice(from < 0 ? -1 : from)
    .slice(0, 2)
    .map(([unit, size]) => {
      const whole = Math.floor(rest / size)
      rest -= whole * size
      return [whole, unit] as const
    })
}

/** `1h 05m`, `45s`: in a column, with digits below each other. */
export function compactDuration(seconds: number): string {
  return greatestUnits(seconds)
    .map(([count, unit], i) => `${i > 0 ? String(count).padStart(2, '0') : count}${unit}`)
    .join(' ')
}

/** `2 s`, `3:05 min` or `1:02 h`: for a time that passes while it is read. */
export function clockDuration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const pair = (of: number) => `${Math.floor(of / 60)}:${String(of % 60).padStart(2, '0')}`
  if (whole < 60) return `${whole} s`
  return whole < 3600 ? `${pair(whole)} min` : `${pair(Math.ceil(whole / 60))} h`
}
