import { type Attribution, slotsOf } from './address-slot.js'
import type { FindClient, Verdict } from './client.js'
import type { Parsed } from './full-parser.js'
import type { Format } from './layout/log-format.js'
import type { Doubt } from './request.js'

/** Why the client of a request is not believed, where its readings do not show it. */
const REASONS: Readonly<Partial<Record<Doubt, string>>> = {
  torn: 'behind a line that was torn: it may be the rest of that',
  cut: 'as long as the buffer of a logger: it may have been cut',
  rest: 'behind a line that was cut: it may be the rest of that',
  joined: 'a NUL stands beside it, which a client may have written',
  'too long': 'too long for the 4096 bytes in which uWSGI writes a line',
  'too many headers': 'uWSGI gave up on its headers: the address may be that of the front end',
  'no time': 'its time cannot be read',
  'no header': 'no header came: the address may be that of the front end',
}

/** One entry of an address slot, and what was made of it. */
export interface Hop {
  text: string
  verdict: Verdict | 'not looked at'
}

/** The entries of an address slot from the right, as the client was looked for. */
export function explainSlot(slot: string, client: FindClient): Hop[] {
  const hops: Hop[] = []
  client(slot, (text, verdict) => hops.push({ text: text.trim(), verdict }))
  const rest = slot.split(',').reverse().slice(hops.length)
  return [...hops, ...rest.map((text): Hop => ({ text: text.trim(), verdict: 'not looked at' }))]
}

/**
 * Tells a line for people: the request, then each hop from the right with the verdict on it; and where the line
 * can be read in several ways, all of that for each.
 * @param show makes a text from the log fit for a terminal
 */
export function explain(
  { reading, record, doubt }: Parsed,
  line: number,
  format: Format,
  attribution: Attribution,
  show: (text: string) => string,
): string {
  const { time, ip, status = 'no answer', method = '-', uri = '-' } = record
  const slots = slotsOf(reading, format, attribution.counted)
  const lines = [`line ${line}: ${time ?? 'at an unknown time'} ${status} ${show(method)} ${show(uri)}`]
  if (slots.length === 0) lines.push('  too many readings of the address to tell')
  slots.forEach((slot, i) => {
    if (slots.length > 1) lines.push(`  reading ${i + 1} of ${slots.length}:`)
    for (const { text, verdict } of explainSlot(slot, attribution.client))
      lines.push(`  ${show(text) || '(empty)'}: ${verdict}`)
  })
  if (doubt !== undefined && REASONS[doubt] !== undefined) lines.push(`  ${REASONS[doubt]}`)
  lines.push(`  => ${ip ?? 'unknown: nobody is counted for it'}`)
  return `${lines.join('\n')}\n`
}
