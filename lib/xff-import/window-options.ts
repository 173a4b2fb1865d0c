import { parseSeconds } from './seconds.js'
import type { Note, Read } from './translation.js'

/** What fail2ban's server takes where no file says a word. */
const SERVER = { maxretry: '3', findtime: '600', bantime: '600' } as const
/** The most that the options take; ten years are the longest ban. */
const MOST = { maxretry: 10_000, findtime: 31_536_000, bantime: 315_360_000 } as const

type Limit = keyof typeof SERVER

/** `--max` and `--find`, from `maxretry` and `findtime`. */
export function limits(read: Read, note: Note): string[] {
  return ['--max', limit('maxretry', read, note), '--find', limit('findtime', read, note)]
}

/** `--time`, from `bantime`, and what makes it longer for those who come again. */
export function times(read: Read, note: Note): string[] {
  const time = limit('bantime', read, note)
  if (!/^(1|yes|true|on)$/i.test(read('bantime.increment') ?? '')) return ['--time', time]
  const text = read('bantime.maxtime')
  if (text === undefined || text === '') return ['--time', time, '--increment']
  const most = parseSeconds(text)
  if (most !== undefined && most >= Number(time) && most <= MOST.bantime) {
    return ['--time', time, '--increment', '--time-max', String(most)]
  }
  note('bantime.maxtime', text, 'not a time from bantime to ten years')
  return ['--time', time, '--increment']
}

function limit(option: Limit, read: Read, note: Note): string {
  const text = read(option) ?? SERVER[option]
  const number = option === 'maxretry' ? wholeNumber(text) : parseSeconds(text)
  if (number === undefined || number === 0) {
    note(
      option,
      text,
      `not a ${option === 'maxretry' ? 'number' : 'time'}; fail2ban's default ${SERVER[option]} is used`,
    )
    return SERVER[option]
  }
  if (number < 0 || number > MOST[option]) {
    note(
      option,
      text,
      number < 0
        ? 'every ban ends by itself, after ten years at the latest'
        : `the maximum is ${MOST[option]}`,
    )
    return String(MOST[option])
  }
  return String(number)
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined
}
