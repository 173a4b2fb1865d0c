/**
 * Whether all of a text fits a pattern, in which `*` stands for any characters, also none, and `?` for one. The time is
 * bounded by the product of the lengths.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  let [at, of] = [0, 0]
  /** behind the last `*`, and how much of the text it has been given; -1: there was none */
  let [star, taken] = [-1, 0]
  while (at < text.length) {
    if (pattern[of] === '*') {
      of += 1
      ;[star, taken] = [of, at]
    } else if (of < pattern.length && (pattern[of] === '?' || pattern[of] === text[at])) {
      of += 1
      at += 1
    } else if (star >= 0) {
      taken += 1
      ;[of, at] = [star, taken]
    } else {
      return false
    }
  }
  return /^\**$/.test(pattern.slice(of))
}

/** Whether it is more than a name. */
export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern)
}

/** Tells whether all of a text fits a pattern that was compiled. */
export type FitsGlob = (text: string) => boolean

/**
 * Compiles a pattern as `matchesGlob` reads it. What stands between two `*` is found at its first place, and never looked
 * for again before that: the time is linear in the length of the text.
 */
export function compileGlob(pattern: string): FitsGlob {
  const parts = pattern.split('*')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  const hasOneCharacter = pattern.includes('?')
  if (parts.length === 1)
    return hasOneCharacter ? text => matchesGlob(text, pattern) : text => text === pattern
  const middle = parts.slice(1, -1).filter(part => part !== '')
  const least = parts.reduce((length, part) => length + part.length, 0)
  if (hasOneCharacter) return text => text.length >= least && fits(text, first, middle, last)
  if (middle.length > 0) {
    return text =>
      text.length >= least && text.startsWith(first) && text.endsWith(last) && fits(text, first, middle, last)
  }
  return text => text.length >= least && text.startsWith(first) && text.endsWith(last)
}

/** Whether a text begins with one part, ends with another, and has the others in between, one behind the other. */
function fits(text: string, first: string, middle: readonly string[], last: string): boolean {
  const end = text.length - last.length
  if (!standsAt(text, 0, first) || !standsAt(text, end, last)) return false
  let at = first.length
  for (const part of middle) {
    at = find(text, at, end, part)
    if (at < 0) return false
    at += part.length
  }
  return true
}

/** The first place from `at` on where a part stands and ends before `end`; -1 where there is none. */
function find(text: string, at: number, end: number, part: string): number {
  if (!part.includes('?')) {
    const found = text.indexOf(part, at)
    return found + part.length <= end ? found : -1
  }
  for (let place = at; place + part.length <= end; place++) if (standsAt(text, place, part)) return place
  return -1
}

function standsAt(text: string, at: number, part: string): boolean {
  for (let i = 0; i < part.length; i++) {
    if (part[i] !== '?' && part[i] !== text[at + i]) return false
  }
  return true
}
