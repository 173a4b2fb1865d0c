import { COMBINED, JSON_DATE, JSON_FORMAT } from '../support/log-formats.js'
import { type Kind, makeLog } from './log.js'

/** A log of the bench: what it is, how it is read, and what counts its failures by hand. */
export interface Log {
  name: string
  kind: Omit<Kind, 'lines'>
  /** options of uwsgi-parse, as words of a shell */
  options?: string
  /** a program of awk that counts the failures of each address */
  awk: string
}

// what people type: it looks at the status, and takes the address slot
const OWN = String.raw`match($0, / \(HTTP\/[0-9.]+ [45][0-9][0-9]\) /) { split($0, part, /\] | \(/); n[part[2]]++ }`
const OTHER_COMBINED = 'match($0, /" [45][0-9][0-9] /) { split($0, part, / - /); n[part[1]]++ }'
const OTHER_JSON =
  'match($0, /"status":[45][0-9][0-9],/) { split($0, part, /"ip":"|","status"/); n[part[2]]++ }'

const own = (name: string, kind: Omit<Kind, 'lines'>): Log => ({ name, kind, awk: OWN })

/** What users meet, in this order, and then what is rarer. */
export const LOGS: readonly Log[] = [
  own('1 %', { percentFailures: 1 }),
  own('10 %', { percentFailures: 10 }),
  own('10 %, all banned', { percentFailures: 10, attackers: 'banned', seconds: 3600 }),
  own('10 %, botnet', { percentFailures: 10, attackers: 'botnet' }),
  own('100 %', { percentFailures: 100 }),
  own('100 %, all banned', { percentFailures: 100, attackers: 'banned', seconds: 3600 }),
  own('100 %, botnet', { percentFailures: 100, attackers: 'botnet' }),
  {
    name: '10 %, combined',
    kind: { percentFailures: 10, look: 'combined' },
    options: `--log-format '${COMBINED}'`,
    awk: OTHER_COMBINED,
  },
  {
    name: '10 %, JSON',
    kind: { percentFailures: 10, look: 'json' },
    options: `--log-format '${JSON_FORMAT}' --log-format-strftime --log-date '${JSON_DATE}'`,
    awk: OTHER_JSON,
  },
]

/** Makes the log that has a name. @returns it, and its file */
export function logOf(name: string, lines: number, folder: string): Log & { file: string } {
  const log = LOGS.find(one => one.name === name)
  if (!log) throw new RangeError(`expected one of ${LOGS.map(one => one.name).join('; ')}, got ${name}`)
  const file = `${folder}/${lines} ${name}.log`.replaceAll(/[ %,]+/g, '-')
  makeLog(file, { ...log.kind, lines })
  return { ...log, file }
}
