import { BACKENDS, type BackendContext, type BackendRow } from '../options-backends.js'
import { isGiven } from '../options-packets.js'
import type { Backend } from './backend.js'

type Given = Readonly<Record<string, unknown>>

/**
 * The one backend that the options name.
 * @param followsLog whether the time is that of the log
 * @throws RangeError that names the options
 */
export async function chooseBackend(
  given: Given,
  followsLog: boolean,
  context: BackendContext,
): Promise<Backend> {
  for (const row of BACKENDS) checkTogether(given, row)
  const named = BACKENDS.filter(({ required: [first] }) => isGiven(given[first]))
  const [row] = named
  if (!row || named.length > 1) {
    const got = named.map(nameOf).join(' and ') || 'none'
    throw new RangeError(`expected one of ${alternatives(BACKENDS)} to say how to ban, got ${got}`)
  }
  if (followsLog && !row.replays) {
    const replaying = alternatives(BACKENDS.filter(({ replays }) => replays))
    throw new RangeError(
      `--clock log: expected ${replaying} with it, got ${nameOf(row)}: its bans end by the clock of the system`,
    )
  }
  return await row.open(given as Parameters<BackendRow['open']>[0], context)
}

/** Options of a way that is not chosen would do nothing; and some cannot do without each other. */
function checkTogether(given: Given, { options, required: [first, ...needed] }: BackendRow): void {
  const others = Object.keys(options).filter(name => name !== first && wasGiven(options, given, name))
  if (!isGiven(given[first])) {
    if (others.length > 0)
      throw new RangeError(
        `${others.map(name => `--${name}`).join(' and ')}: expected --${first} with it, got none`,
      )
    return
  }
  const missing = needed.find(name => !isGiven(given[name]))
  if (missing !== undefined) throw new RangeError(`--${first}: expected --${missing} with it, got none`)
}

/** Whether an option was given; one with a default always has a value. */
function wasGiven(options: BackendRow['options'], given: Given, name: string): boolean {
  return isGiven(given[name]) && given[name] !== options[name]?.parse([])
}

function nameOf({ required: [first] }: BackendRow): string {
  return `--${first}`
}

/** `--a, --b or --c` */
function alternatives(rows: readonly BackendRow[]): string {
  const names = rows.map(nameOf)
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(Boolean).join(' or ')
}
