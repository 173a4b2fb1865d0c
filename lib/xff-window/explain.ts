import { BoundedMap } from '../bounded-map.js'
import { formatInstant } from '../wire/instant.js'
import type { RuledBan } from './judge.js'
import type { Failure } from './stage.js'

/** How many keys, and how many UTF-16 units of a URI, are remembered. */
const MAX_KEYS = 10_000
const MAX_URI_LENGTH = 200

export interface Explainer {
  /** @param rule that it breaks; one failure may break several */
  remember: (failure: Failure, rule?: string) => void
  explain: (failure: Failure, ban: RuledBan) => string
}

/** A failure as it is shown. */
interface Shown {
  time: number
  text: string
}

/**
 * Remembers failures, and explains a ban to people: by each of the failures that made it.
 * @param harmless makes a text from the log harmless on a terminal
 */
export function createExplainer(harmless: (text: string) => string): Explainer {
  const failuresOf = new BoundedMap<string, Shown[]>(MAX_KEYS)
  return {
    remember({ key, time, request }, rule = '') {
      const id = `${key} ${rule}`
      const { status, method = '-', uri = '-' } = request
      const shown = failuresOf.get(id) ?? []
      shown.push({
        time,
        text: `${formatInstant(time)} ${status ?? '-'} ${harmless(method)} ${harmless(uri.slice(0, MAX_URI_LENGTH))}`,
      })
      failuresOf.delete(id)
      failuresOf.set(id, shown)
    },
    explain({ key, time }, { failures, since, rule = '', reason, hosts }) {
      if (reason !== undefined) return `${key}: ${reason}, by rule ${rule}\n`
      const id = `${key} ${rule}`
      const shown = (failuresOf.get(id) ?? [])
        .filter(failure => failure.time >= since)
        .sort((a, b) => a.time - b.time)
      failuresOf.delete(id)
      const seconds = (Math.max(time, shown.at(-1)?.time ?? time) - since) / 1000
      return [
        `${key}: ${failures} failures within ${seconds} s${rule && `, by rule ${rule}`}${hosts ? `, reported by ${harmless(hosts.join(', '))}` : ''}`,
        ...shown.map(({ text }) => `  ${text}`),
        '',
      ].join('\n')
    },
  }
}
