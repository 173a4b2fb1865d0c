import { join } from 'node:path'
import { overlap, parsePrefix } from '../net/prefix.js'
import { counted } from '../text/counted.js'
import { compactDuration } from '../text/duration.js'
import { excerpt } from '../text/printable.js'
import { textTable } from '../text/text-table.js'
import { parseInstant } from '../wire/instant.js'
import type { BanRecord, HeldRecord } from '../wire/record.js'
import type { Jail } from './jails.js'
import { lastBansIn } from './last-ban.js'
import { askXffBan } from './xff-ban.js'

/** A ban with the jail that it is in. */
export type JailBan = { jail: string } & (BanRecord | HeldRecord)

/**
 * The bans of all these jails; what cannot be asked is told.
 * @param wanted those that are kept in memory; undefined: all of them, as many as --max-bans of the jails allow
 */
export async function listBans(
  jails: readonly Jail[],
  warn: (message: string) => void,
  wanted: (ban: JailBan) => boolean = () => true,
): Promise<JailBan[]> {
  const found = await Promise.all(
    jails.map(async jail => {
      const bans: JailBan[] = []
      await eachBan(jail, warn, ban => {
        if (wanted(ban)) bans.push(ban)
      })
      return bans
    }),
  )
  return found.flat()
}

/** Gives the bans of a jail to `take`, one after the other as they are read; what cannot be asked is told. */
export async function eachBan(
  jail: Jail,
  warn: (message: string) => void,
  take: (ban: JailBan) => void | Promise<void>,
): Promise<void> {
  const { said, code } = await askXffBan(jail, ['list'], record =>
    record.type === 'ban' || record.type === 'held' ? take({ jail: jail.name, ...record }) : undefined,
  )
  if (code !== 0) for (const line of said) warn(`${jail.name}: ${line}`)
}

/** What the bans of a jail have refused; undefined where that is not counted. */
export async function hitsOf(jail: Jail): Promise<number | undefined> {
  let sum: number | undefined
  await eachBan(
    jail,
    () => {},
    ban => {
      if (ban.type === 'ban' && ban.hits !== undefined) sum = (sum ?? 0) + ban.hits
    },
  )
  return sum
}

/** Whether a ban refuses some of what one of these addresses or prefixes stands for. */
export function touches(targets: readonly string[]): (ban: { ip: string }) => boolean {
  const asked = targets.flatMap(target => parsePrefix(target) ?? [])
  return ban => {
    const prefix = parsePrefix(ban.ip)
    return prefix !== undefined && prefix !== null && asked.some(one => overlap(one, prefix))
  }
}

/** Bans as a table for people. */
export function banTable(bans: readonly JailBan[], now: number): string {
  return asLines(
    textTable(
      ['JAIL', 'BANNED', 'ENDS IN', 'UNTIL', 'COUNT', 'HITS', 'FAILURES', 'THE LAST OF THEM'],
      bans.map(ban => {
        const end = ban.type === 'held' ? ban.falls : (ban.until ?? '')
        const last = [ban.last?.status, ban.last?.method, ban.last?.uri].filter(part => part !== undefined)
        return [
          ban.jail,
          ban.ip,
          ban.type === 'held' ? 'held back' : compactDuration(Math.ceil((parseInstant(end) - now) / 1000)),
          end.replace(/\.\d+Z$/, 'Z'),
          ban.type === 'ban' ? `${ban.count ?? ''}` : '',
          ban.type === 'ban' ? `${ban.hits ?? ''}` : '',
          `${ban.failures ?? ''}`,
          excerpt(last.join(' ')),
        ]
      }),
    ),
  )
}

/** What is known of an address in one jail. */
export interface Known {
  ip: string
  jail: string
  /** the bans in force that refuse it: its own, or of a prefix around it */
  bans: (BanRecord | HeldRecord)[]
  /** the last ban of this very address that the journal remembers, in force or not */
  last: BanRecord | undefined
}

/** What the jails know of addresses, those that know nothing of one left out. @param bans of all of them */
export function knownOf(
  ips: readonly string[],
  jails: readonly Jail[],
  bans: readonly JailBan[],
  journals: string,
): (readonly [ip: string, known: Known[]])[] {
  const remembered = jails.map(({ name, settings }) => ({
    name,
    last: lastBansIn(journalOf(settings?.ban ?? [], name, journals), ips),
  }))
  return ips.map(ip => [ip, remembered.flatMap(({ name, last }) => knownIn(name, ip, bans, last.get(ip)))])
}

/** What one jail knows of an address; nothing where that is nothing. @param last its last ban, in force or not */
export function knownIn(
  name: string,
  ip: string,
  bans: readonly JailBan[],
  last: BanRecord | undefined,
): Known[] {
  const isOf = touches([ip])
  const covering = bans.filter(ban => ban.jail === name && isOf(ban))
  return covering.length > 0 || last
    ? [{ ip, jail: name, bans: covering.map(({ jail: _, ...record }) => record), last }]
    : []
}

/** The file of the journal: that of `--state` among the options of xff-ban, or the usual one. */
export function journalOf(options: readonly string[], name: string, journals: string): string {
  const at = options.indexOf('--state')
  const given =
    at >= 0 ? options[at + 1] : options.find(word => word.startsWith('--state='))?.slice('--state='.length)
  return given ?? join(journals, `${name}.jsonl`)
}

/** The same for people. */
export function whyText(ip: string, known: readonly Known[], now: number): string {
  if (known.length === 0) return `${ip}: not banned, and no jail remembers a ban of it\n`
  return asLines(
    known.flatMap(({ jail, bans, last }) => {
      if (bans.length > 0) return bans.map(ban => `${ip}: ${describe(jail, ban, now)}`)
      return last ? [`${ip}: not banned by ${jail} any more; ${was(last)}`] : []
    }),
  )
}

function describe(jail: string, ban: BanRecord | HeldRecord, now: number): string {
  if (ban.type === 'held')
    return `held back by ${jail} until ${ban.falls}: ${excerpt(ban.reason)}; ${reason(ban)}`
  const ends =
    ban.until === undefined
      ? ''
      : ` until ${ban.until}, for ${compactDuration(Math.ceil((parseInstant(ban.until) - now) / 1000))}`
  const hits = ban.hits === undefined ? '' : `; ${counted(ban.hits, 'request')} refused`
  return `banned by ${jail} as ${ban.ip}${ends}: ${reason(ban)}${hits}${ban.count && ban.count > 1 ? `; ban number ${ban.count}` : ''}`
}

function was(ban: BanRecord): string {
  return `its last ban was until ${ban.until ?? 'an unknown time'}: ${reason(ban)}`
}

type Why = Pick<BanRecord, 'failures' | 'since' | 'last' | 'rule' | 'reason' | 'by' | 'hosts'>

/** Why it was banned, and by whom where a person has asked for it. */
function reason({ failures, since, last, rule, reason, by, hosts = [] }: Why): string {
  const said = reason === undefined ? '' : excerpt(reason)
  if (failures === undefined) {
    const asker = by === undefined ? 'by hand, or by a list' : `by ${excerpt(by)}`
    return said ? `${asker}: ${said}` : asker
  }
  const lastOfThem = [last?.status, last?.method, last?.uri].filter(part => part !== undefined).join(' ')
  const reporters = hosts.length > 0 ? `, reported by ${excerpt(hosts.join(', '))}` : ''
  const why = `${rule ? `, by the rule ${excerpt(rule)}` : ''}${said ? `, ${said}` : ''}`
  return `${counted(failures, 'failure')}${since ? ` since ${since}` : ''}${why}${lastOfThem ? `, the last: ${excerpt(lastOfThem)}` : ''}${reporters}`
}

function asLines(lines: readonly string[]): string {
  return lines.map(line => `${line}\n`).join('')
}
