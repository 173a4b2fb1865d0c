import { BoundedMap } from '../../bounded-map.js'
import { parsePrefix } from '../../net/prefix.js'
import { counted } from '../../text/counted.js'
import type { OnBadLine } from '../../wire/bad-line.js'
import type { BanRecord } from '../../wire/record.js'
import type { Target } from '../control/target-list.js'
import type { Allowance } from '../jail/allowances.js'
import { readJournal } from '../journal/journal.js'
import { ASKER } from './asker.js'
import { type Lookup, verifyCrawlers } from './verify.js'

/** How many addresses are looked up: those that were banned last. */
const MAX_LOOKED_UP = 2_000

export interface Jail {
  journal: string
  allowed: readonly Allowance[]
  onBadLine: OnBadLine
  warn: (message: string) => void
}

/**
 * The crawlers among those that were banned lately, by the journal, and those that were allowed as such before, as whom to
 * allow. Whom people allow is left as it is.
 * @throws JournalError
 */
export async function findCrawlers(
  { journal, allowed, onBadLine, warn }: Jail,
  lookup: Lookup,
  monotonic: () => number,
): Promise<Target[]> {
  const lately = new BoundedMap<string, true>(MAX_LOOKED_UP)
  const add = (ip: string) => {
    if (!isAddress(ip)) return
    lately.delete(ip)
    lately.set(ip, true)
  }
  await readJournal(journal, record => record.type === 'ban' && add(record.ip), onBadLine)
  for (const { ip, by } of allowed) if (by === ASKER) add(ip)
  for (const { ip, by } of allowed) if (by !== ASKER) lately.delete(ip)
  const ips = [...lately.keys()]
  const { crawlers, unanswered } = await verifyCrawlers(ips, lookup, monotonic)
  const unsure = unanswered > 0 ? `; ${unanswered} could not be looked up` : ''
  warn(`${counted(crawlers.length, 'crawler')} among ${counted(ips.length, 'address', 'addresses')}${unsure}`)
  return crawlers.map(({ ip, name, operator }) => ({ ip, note: `crawler of ${operator}: ${name}` }))
}

/** Crawlers are verified one by one, and no prefix is. */
function isAddress(ip: BanRecord['ip']): boolean {
  const prefix = parsePrefix(ip)
  return prefix !== null && !ip.includes('/') && !ip.includes('%')
}
