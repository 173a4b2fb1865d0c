import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { withCommands } from '../support/commands.js'
import type { Service } from './service.js'
import { BAN_SECONDS, WINDOW } from './traffic.js'

/** What tells one ban from another. */
type Ban = string

/** The bans of an undisturbed run over all lines. */
export async function undisturbedBans(whole: string, dir: string): Promise<Ban[]> {
  const { max, find, late } = WINDOW
  const line =
    `uwsgi-parse --socket http < '${whole}' | xff-window --max ${max} --find ${find} --late ${late} | ` +
    `xff-ban --dry-run --clock log --time ${BAN_SECONDS} > '${join(dir, 'undisturbed')}'`
  await execa('bash', ['-o', 'pipefail', '-c', line], { env: withCommands({ TZ: 'UTC' }) })
  return bansIn(readFileSync(join(dir, 'undisturbed'), 'utf8'))
}

export interface Verdict {
  name: string
  bans: number
  lost: Ban[]
  /** that the undisturbed run does not have */
  added: Ban[]
  /** in the journal more than once */
  doubled: Ban[]
  told: number
  toldTwice: Ban[]
  /** written to stdout and not in the journal */
  toldOnly: Ban[]
}

/**
 * Compares what a pipeline has journaled and written with what it should have.
 * @param isMoved whether its clock was set: bans in force move along in the journal, and only what it wrote is compared
 */
export function judge({ name, journal, told }: Service, wanted: readonly Ban[], isMoved: boolean): Verdict {
  const tellings = told().flatMap(bansIn)
  const bans = isMoved ? tellings : bansIn(readFileSync(journal, 'utf8'))
  return {
    name,
    bans: bans.length,
    lost: without(wanted, bans),
    added: without(bans, wanted),
    doubled: repeated(bans),
    told: tellings.length,
    toldTwice: repeated(tellings),
    toldOnly: without(tellings, bans),
  }
}

export function isRight({ lost, added, doubled, toldTwice, toldOnly }: Verdict): boolean {
  return [lost, added, doubled, toldTwice, toldOnly].every(({ length }) => length === 0)
}

/** The bans in JSON Lines; a line that a crash has cut off is none. */
function bansIn(text: string): Ban[] {
  return text.split('\n').flatMap(line => {
    try {
      const { type, time, ip, until, count } = JSON.parse(line)
      return type === 'ban' ? [`${time} ${ip} until ${until}, ban ${count}`] : []
    } catch {
      return []
    }
  })
}

function without(bans: readonly Ban[], others: readonly Ban[]): Ban[] {
  const known = new Set(others)
  return bans.filter(ban => !known.has(ban))
}

function repeated(bans: readonly Ban[]): Ban[] {
  const seen = new Set<Ban>()
  return bans.filter(ban => seen.size === seen.add(ban).size)
}
