/** How many letters may be wrong in a word that is taken for another one. */
const MOST_WRONG = 2

/** The known word that was probably meant by one that is not known; undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const most = Math.min(MOST_WRONG, Math.floor(word.length / 2))
  const found = known
    .map(one => [distance(word.toLowerCase(), one.toLowerCase()), one] as const)
    .filter(([wrong, one]) => wrong <= most || (word.length > 2 && one.startsWith(word)))
    .sort(([a], [b]) => a - b)
  return found[0]?.[1]
}

/** ` (did you mean X?)`, or nothing: for the end of a message. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant === undefined ? '' : ` (did you mean ${meant}?)`
}

/** How many letters have to be added, removed, replaced or swapped with their neighbour to turn one word into the other. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1), swapped),
      )
    }
    ;[before, row] = [row, next]
  }
  return row[b.length] ?? 0
}
