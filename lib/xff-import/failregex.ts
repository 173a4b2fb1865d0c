/** What the recipe's failregex comes down to, spelled in any of the usual ways; the status is its only choice. */
const RECIPE =
  /^\^?(?:\.\* ?)?<(?:HOST|ADDR)> \\\(\.\*\\\) \.\* \\\(HTTP\/([^\s()]{1,40}) ([^\s<>]{1,200}?)\\\)(?:\.\*)?\$?$/

/** Classes, alternatives and digits; nothing that repeats or looks around. */
const STATUS = /^(?:[\d[\]|.-]|\\d|\(\?:|[()])+$/

/** The statuses that a failregex of uWSGI's request lines asks for; undefined for any other failregex. */
export function statusesOf(failregex: string): number[] | undefined {
  const plain = failregex
    .trim()
    .replace(/\\s[+*]?/g, ' ')
    .replace(/\.[*+]\??/g, '.*')
  const [, , status = ''] = RECIPE.exec(plain) ?? []
  if (!STATUS.test(status)) return undefined
  try {
    const asked = new RegExp(`^(?:${status})$`)
    const found = Array.from({ length: 900 }, (_, i) => i + 100).filter(code => asked.test(String(code)))
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
    // a class is a run of its own
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
