import { BoundedMap } from '../bounded-map.js'
import { formatInstant, parseInstant } from '../wire/instant.js'
import type { BanRecord } from '../wire/record.js'
import type { Failure } from './stage.js'

/** How many keys, and how many UTF-16 units of a URI, are remembered. */
const MAX_KEYS = 10_000
const MAX_URI_LENGTH = 200

export interface Explainer {
  remember: (failure: Failure) => void
  explain: (ban: BanRecord, failure: Failure) => string
}

/** What is told of a failure. */
interface Told {
  time: number
  text: string
}

/**
 * Remembers failures, and tells a ban for people: with each of the failures that made it.
 * @param show makes a text from the log fit for a terminal
 */
export function createExplainer(show: (text: string) => string): Explainer {
  const failures = new BoundedMap<string, Told[]>(MAX_KEYS)
  return {
    remember({ key, time, request }: Failure): void {
      const { status, method = '-', uri = '-' } = request
      const told = failures.get(key) ?? []
      failures.delete(key)
      told.push({
        time,
        text: `${formatInstant(time)} ${status ?? '-'} ${show(method)} ${show(uri.slice(0, MAX_URI_LENGTH))}`,
      })
      failures.set(key, told)
    },
    explain(ban: BanRecord, { key, time }: Failure): string {
      const since = parseInstant(ban.since as string)
      const told = (failures.get(key) ?? [])
        .filter(failure => failure.time >= since)
        .sort((a, b) => a.time - b.time)
      failures.delete(key)
      const within = (Math.max(time, told.at(-1)?.time ?? time) - since) / 1000
      return [
        `${key}: ${ban.failures} failures within ${within} s`,
        ...told.map(({ text }) => `  ${text}`),
        '',
      ].join('\n')
    },
  }
}
