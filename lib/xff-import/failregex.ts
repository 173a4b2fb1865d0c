/** The failregex of the widely copied recipe, once its usual variants are normalised; only the status varies. */
const RECIPE =
  /^\^?(?:\.\* ?)?<(?:HOST|ADDR)> \\\(\.\*\\\) \.\* \\\(HTTP\/([^\s()]{1,40}) ([^\s<>]{1,200}?)\\\)(?:\.\*)?\$?$/

/** Character classes, alternatives and digits; no repetition, no lookaround, and no alternative that is empty. */
const STATUS_PATTERN = /^(?:[\d[\]|.-]|\\d|\(\?:|[()])+$/

/** The statuses that a failregex for uWSGI's request lines matches; undefined for any other failregex. */
export function statusesOf(failregex: string): number[] | undefined {
  const normalised = failregex
    .trim()
    .replace(/\\s[+*]?/g, ' ')
    .replace(/\.[*+]\??/g, '.*')
  const [, , status = ''] = RECIPE.exec(normalised) ?? []
  // several empty alternatives after one another match nothing in exponentially many ways
  if (!STATUS_PATTERN.test(status) || /[(|:](?=[|)])/.test(status)) return undefined
  try {
    const pattern = new RegExp(`^(?:${status})$`)
    const found = Array.from({ length: 900 }, (_, i) => i + 100).filter(code => pattern.test(String(code)))
    return found.length > 0 ? found : undefined
  } catch {
    return undefined
  }
}

/** Statuses as `--status` takes them: `4xx,500-503,404`. */
export function statusList(statuses: readonly number[]): string {
  const wanted = [...new Set(statuses)].sort((a, b) => a - b)
  const runs: [number, number][] = []
  for (const status of wanted) {
    const run = runs.at(-1)
    // runs end at the end of a class, so that a whole class can be written as 4xx
    if (run && status === run[1] + 1 && status % 100 !== 0) run[1] = status
    else runs.push([status, status])
  }
  return runs
    .map(([first, last]) => {
      if (first % 100 === 0 && last === first + 99) return `${first / 100}xx`
      return first === last ? `${first}` : `${first}-${last}`
    })
    .join(',')
}
