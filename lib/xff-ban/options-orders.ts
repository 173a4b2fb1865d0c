import { single } from '../cli/options/option.js'
import { duration, oneLine } from '../cli/options/values.js'
import type { Asked } from './control/run.js'
import type { Verb } from './control/subcommand.js'

/** How long a text is that people give, in UTF-16 units. */
const MAX_TEXT = 300
const MAX_NAME = 100

/** What people say with what they ask for. */
export const ORDER_OPTIONS = {
  for: single(
    'TIME',
    'with ban, unban, allow: how long that lasts; with unban, how long it is not banned again',
    duration(1, 315_360_000),
  ),
  reason: single('TEXT', 'with ban: why', oneLine(MAX_TEXT)),
  note: single('TEXT', 'with allow, disallow: why', oneLine(MAX_TEXT)),
  by: single(
    'NAME',
    'with ban, unban, allow, disallow: who asks for it (default: the user who calls, or who called sudo)',
    oneLine(MAX_NAME),
  ),
}

/** The subcommands that each of them goes with. */
const GO_WITH: Readonly<Record<keyof typeof ORDER_OPTIONS, readonly Verb[]>> = {
  for: ['ban', 'unban', 'allow'],
  reason: ['ban'],
  note: ['allow', 'disallow'],
  by: ['ban', 'unban', 'allow', 'disallow'],
}

type Given = { [K in keyof typeof ORDER_OPTIONS]: ReturnType<(typeof ORDER_OPTIONS)[K]['parse']> } & {
  time: number | undefined
}

/**
 * @param until an instant so many seconds from now, as records write it
 * @param user who calls
 * @throws RangeError for an option of a subcommand with another one
 */
export function askedBy(
  verb: Verb,
  given: Given,
  until: (seconds: number) => string,
  user: () => string,
): Asked {
  for (const [name, verbs] of Object.entries(GO_WITH)) {
    if (Object.entries(given).some(([option, value]) => option === name && value !== undefined)) {
      if (!verbs.includes(verb)) {
        const got = verb === 'filter' ? 'none' : verb
        throw new RangeError(`--${name}: expected ${verbs.join(', ')} with it, got ${got}`)
      }
    }
  }
  if (given.for !== undefined && given.time !== undefined) {
    throw new RangeError('--for: expected it without --time, got both')
  }
  const seconds = given.for ?? (verb === 'ban' ? given.time : undefined)
  return {
    ...(seconds === undefined ? {} : { until: until(seconds) }),
    ...(given.reason === undefined ? {} : { reason: given.reason }),
    ...(given.note === undefined ? {} : { note: given.note }),
    ...(GO_WITH.by.includes(verb) ? { by: given.by ?? user() } : {}),
  }
}
