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
