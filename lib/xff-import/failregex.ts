import { createContext, Script } from 'node:vm'

/** The client in the lines that a failregex is tried on. */
const CLIENT = '203.0.113.7'
/** What is tried of each part of a line: a failregex that asks for one of these asks for more than a status. */
const METHODS = ['GET', 'POST', 'HEAD']
const PATHS = ['/', '/wp-login.php', '/a/b?c=d&e=.env']
const PROTOCOLS = ['HTTP/1.0', 'HTTP/1.1']
/** Other numbers of a line look like a status, too. */
const SIZES = [3, 404, 500]
const STATUSES = Array.from({ length: 500 }, (_, i) => i + 100)
/** fail2ban takes the date out of a line before it looks at it, unless a pattern of the user's own does not find it. */
const DATES = ['Sun Nov 22 14:06:08 2026', '']
/** Of these one has to fit. */
const VARIANTS = DATES.flatMap(date => PROTOCOLS.map(protocol => ({ date, protocol })))

/** How long a failregex may take for all of these, in milliseconds; some take forever. */
const PATIENCE_MS = 2_000
const MAX_LENGTH = 4_096

/** What fail2ban puts in for its tags; of others the text between them counts. */
const TAGS: readonly (readonly [RegExp, string])[] = [
  [/<(?:HOST|ADDR|IP4|CIDR|SUBNET)>/g, `(?:${CLIENT.replaceAll('.', '\\.')})`],
  [/<(F-[A-Z_]{1,20})>|<\/F-[A-Z_]{1,20}>/g, ''],
]

/**
 * The statuses that a failregex matches in uWSGI's own layout, whatever the method, the path and the sizes; undefined
 * where it matches none, or asks for more than a status.
 */
export function statusesOf(failregex: string): number[] | undefined {
  const pattern = compiled(failregex)
  if (pattern === undefined) return undefined
  const found = matchesOf(pattern)
  if (found === undefined) return undefined
  const tried = METHODS.length * PATHS.length * SIZES.length
  const counted = STATUSES.filter((_, i) => found[i] === tried)
  const isMore = found.some(count => count !== 0 && count !== tried)
  return counted.length > 0 && counted.length < STATUSES.length && !isMore ? counted : undefined
}

/** A pattern of Python's as one of ours, where it is short and has nothing that we lack. */
function compiled(failregex: string): RegExp | undefined {
  const [, flags = '', text = ''] = /^(?:\(\?([imsux]{1,5})\))?(.*)$/s.exec(failregex.trim()) ?? []
  if (text === '' || text.length > MAX_LENGTH || flags.includes('x')) return undefined
  // several empty alternatives match nothing in exponentially many ways, and cannot be interrupted
  const empty = text.replace(/\\./gs, 'x').match(/[(|:](?=[|)])/g) ?? []
  if (empty.length > 1) return undefined
  const source = TAGS.reduce((source, [tag, put]) => source.replace(tag, put), text)
    .replace(/\(\?P</g, '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll('\\A', '^')
    .replaceAll('\\Z', '$')
  try {
    return new RegExp(source, flags.replace('u', ''))
  } catch {
    return undefined
  }
}

/** For each status, in how many lines the pattern is found; undefined where that takes too long. */
function matchesOf(pattern: RegExp): readonly number[] | undefined {
  const counts = () =>
    STATUSES.map(status => {
      let count = 0
      for (const method of METHODS)
        for (const path of PATHS)
          for (const size of SIZES)
            if (VARIANTS.some(variant => pattern.test(lineOf({ ...variant, method, path, size, status }))))
              count++
      return count
    })
  try {
    const found: unknown = new Script('counts()').runInContext(createContext({ counts }), {
      timeout: PATIENCE_MS,
    })
    return Array.isArray(found) ? found.map(Number) : undefined
  } catch {
    return undefined
  }
}

interface Line {
  date: string
  protocol: string
  method: string
  path: string
  size: number
  status: number
}

function lineOf({ date, protocol, method, path, size, status }: Line): string {
  return (
    `[pid: 20974|app: 0|req: 2/2] ${CLIENT} () {24 vars in 247 bytes} [${date}] ${method} ${path} => ` +
    `generated ${size} bytes in ${size} msecs (${protocol} ${status}) 2 headers in 71 bytes (1 switches on core 0)`
  )
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
