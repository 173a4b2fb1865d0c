import { goesWith, group, single } from '../cli/options/option.js'
import { duration, oneLine } from '../cli/options/values.js'
import type { Asked } from './control/run.js'
import type { Verb } from './control/subcommand.js'
import { ASKER } from './crawlers/asker.js'

/** How long a text is that people give, in UTF-16 units. */
const MAX_TEXT = 300
const MAX_NAME = 100

/** How long crawlers are allowed that are not looked up again. */
const CRAWLERS_S = 86_400

const SPAN = duration(1, 315_360_000)

/** What people say with what they ask for. */
export const ORDER_OPTIONS = group('What people say', {
  for: goesWith(
    ['ban', 'unban', 'allow', 'crawlers'],
    single('TIME', 'how long that lasts; after unban, how long it is not banned again', SPAN),
  ),
  reason: goesWith(['ban'], single('TEXT', 'why', oneLine(MAX_TEXT))),
  note: goesWith(['allow', 'disallow'], single('TEXT', 'why', oneLine(MAX_TEXT))),
  by: goesWith(
    ['ban', 'unban', 'allow', 'disallow'],
    single('NAME', 'who asks for it (default: the user who calls, or who called sudo)', oneLine(MAX_NAME)),
  ),
})

type Given = { [K in keyof typeof ORDER_OPTIONS]: ReturnType<(typeof ORDER_OPTIONS)[K]['parse']> } & {
  time: number | undefined
}

/**
 * @param until an instant so many seconds from now, as records write it
 * @param user who calls
 */
export function askedBy(
  verb: Verb,
  given: Given,
  until: (seconds: number) => string,
  user: () => string,
): Asked {
  // --time is in the settings of most jails
  const seconds = given.for ?? (verb === 'ban' ? given.time : verb === 'crawlers' ? CRAWLERS_S : undefined)
  return {
    ...(seconds === undefined ? {} : { until: until(seconds) }),
    ...(given.reason === undefined ? {} : { reason: given.reason }),
    ...(given.note === undefined ? {} : { note: given.note }),
    ...(verb === 'crawlers' ? { by: ASKER } : {}),
    ...(ORDER_OPTIONS.by.verbs?.includes(verb) ? { by: given.by ?? user() } : {}),
  }
}
