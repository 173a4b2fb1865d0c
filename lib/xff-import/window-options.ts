import { parseSeconds } from './seconds.js'
import { isTrue, type Note, type ReadOption } from './translation.js'

/** The defaults of fail2ban's server, where no file sets the option; times in seconds. */
const DEFAULTS = { maxretry: '3', findtime: '600', bantime: '600' } as const
/** The largest values that our options accept; the longest ban is ten years. */
const MAXIMA = { maxretry: 10_000, findtime: 31_536_000, bantime: 315_360_000 } as const

type Limit = keyof typeof DEFAULTS

/** `--max` and `--find`, from `maxretry` and `findtime`. */
export function windowOptions(read: ReadOption, note: Note): string[] {
  return ['--max', limit('maxretry', read, note), '--find', limit('findtime', read, note)]
}

/** `--time`, from `bantime`, and `--increment` with `--time-max`, from `bantime.increment` and `bantime.maxtime`. */
export function banTimeOptions(read: ReadOption, note: Note): string[] {
  const time = limit('bantime', read, note)
  if (!isTrue(read('bantime.increment'))) return ['--time', time]
  const text = read('bantime.maxtime')
  if (text === undefined || text === '') return ['--time', time, '--increment']
  const longest = parseSeconds(text)
  if (longest !== undefined && longest >= Number(time) && longest <= MAXIMA.bantime) {
    return ['--time', time, '--increment', '--time-max', String(longest)]
  }
  note('bantime.maxtime', text, 'not a time from bantime to ten years')
  return ['--time', time, '--increment']
}

function limit(option: Limit, read: ReadOption, note: Note): string {
  const text = read(option) ?? DEFAULTS[option]
  const number = option === 'maxretry' ? wholeNumber(text) : parseSeconds(text)
  if (number === undefined || number === 0) {
    note(
      option,
      text,
      `not a ${option === 'maxretry' ? 'number' : 'time'}; fail2ban's default ${DEFAULTS[option]} is used`,
    )
    return DEFAULTS[option]
  }
  if (number < 0 || number > MAXIMA[option]) {
    note(
      option,
      text,
      number < 0
        ? 'every ban ends by itself, after ten years at the latest'
        : `the maximum is ${MAXIMA[option]}`,
    )
    return String(MAXIMA[option])
  }
  return String(number)
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined
}
