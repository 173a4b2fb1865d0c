import { BoundedMap } from '../bounded-map.js'
import { messageOf } from '../exit.js'
import { parseInstant } from '../wire/instant.js'
import type { BanRecord } from '../wire/record.js'
import { ask } from '../xff-ban/control/client.js'
import { type Board, type Eye, type Present, pathOf, type Source, type Told } from './board.js'
import { explainBan } from './explain.js'
import { growthOf, sumOf } from './growth.js'
import { findJails, isInForce, type Jail, lookAt } from './jails.js'

/** Without a record for so long, a log is silent. */
const SILENT_MS = 600_000
const MINUTE_MS = 60_000
/** How many addresses are known from the look before. */
const MAX_KNOWN = 50_000
/** How many of each are handed on. */
const MAX_ROWS = 500

/** Looks at the jails that are there; they are asked, and nothing stands in the way of their pipes. */
export function watchJails(folder: string, name: string | undefined, now: () => number): Eye {
  let jails: Jail[] = []
  const pace = createPace()

  const explain = (ip: string): string[] =>
    jails.flatMap(jail => explainBan(ip, { ...jail, source: jail.name, now: now() }))

  return {
    async look() {
      const found = await findJails(folder, name)
      jails = await Promise.all(found.map(([name, paths]) => lookAt(name, paths)))
      return boardOf(jails, now(), pace)
    },
    explain(ip) {
      const lines = explain(ip)
      return lines.length > 0
        ? lines
        : [`${ip} is not banned in any jail, and their journals do not name it.`]
    },
    async unban(ip) {
      const holders = jails.filter(({ status, bans }) => status && bans.some(ban => ban.ip === ip))
      if (holders.length === 0) return `${ip} is not banned in a jail that runs`
      const said = holders.map(async jail => {
        const [reply] = (await ask(jail.paths.socket, [{ type: 'unban', ip }]).catch(error => [
          { type: 'refused' as const, ip, reason: messageOf(error) },
        ])) ?? [{ type: 'refused' as const, ip, reason: 'it does not run any more' }]
        if (reply?.type === 'unban') return `${ip} is not banned any more in ${jail.name}`
        return `${jail.name}: ${reply && 'reason' in reply ? reply.reason : 'no reply'}`
      })
      return (await Promise.all(said)).join('; ')
    },
  }
}

function boardOf(jails: readonly Jail[], now: number, pace: Pace): Board {
  const paths = new Map<string, number>()
  const present: Present[] = []
  for (const { name, bans } of jails) {
    for (const ban of bans) {
      if (!isInForce(ban, now)) continue
      present.push(presentOf(name, ban, pace.rate(`${name} ${ban.ip}`, ban.hits, now)))
      const path = ban.last?.uri === undefined ? undefined : pathOf(ban.last.uri)
      if (path !== undefined) paths.set(path, (paths.get(path) ?? 0) + 1)
    }
  }
  present.sort((a, b) => b.rate - a.rate || b.last - a.last || (b.hits ?? 0) - (a.hits ?? 0))
  return {
    now,
    sources: jails.map(jail => sourceOf(jail, now)),
    present: present.slice(0, MAX_ROWS),
    paths: [...paths].sort(([, a], [, b]) => b - a).slice(0, MAX_ROWS),
    bans: jails
      .flatMap(jail => toldBans(jail, now))
      .sort((a, b) => timeOf(b.record) - timeOf(a.record))
      .slice(0, MAX_ROWS),
    held: jails.flatMap(({ name, held }) => held.map(record => ({ ...record, source: name }))),
    growth: sumOf(jails.map(({ past, isWhole }) => growthOf(past, now, isWhole))),
  }
}

function presentOf(
  source: string,
  { ip, hits, last_hit, time, failures = 0, last }: BanRecord,
  rate: number,
): Present {
  const stopped = last_hit ?? time
  return {
    ...{ ip, source, hits, rate, failures, answer: last, isBanned: true },
    last: stopped === undefined ? 0 : parseInstant(stopped),
  }
}

/** The bans in force, and those that the journal tells of. */
function toldBans({ name, bans, past, status }: Jail, now: number): Told[] {
  const inForce = new Set(bans.map(({ ip, time }) => `${ip} ${time}`))
  const ended = new Set<string>()
  const over: Told[] = []
  for (const record of past.toReversed()) {
    if (record.type === 'unban') {
      if (record.reason !== 'expired') ended.add(record.ip)
    } else if (!inForce.has(`${record.ip} ${record.time}`)) {
      over.push({ source: name, record, state: ended.delete(record.ip) ? 'unbanned' : 'over' })
    }
  }
  const standing = bans.map(
    record =>
      ({ source: name, record, state: status || isInForce(record, now) ? 'in force' : 'over' }) as const,
  )
  return [...standing, ...over]
}

function sourceOf({ name, status, error, bans }: Jail, now: number): Source {
  const problems = error === undefined ? [] : [error]
  const source: Source = {
    ...{ name, problems, state: 'ok', age: undefined, rate: undefined, held: 0, ineffective: 0, way: '' },
    bans: status?.in_force ?? bans.filter(ban => isInForce(ban, now)).length,
  }
  if (!status) {
    problems.push(
      'no xff-ban of this name runs: bans in the kernel stand until they end, nobody new is banned',
    )
    return { ...source, state: 'down' }
  }
  const { failing, heard, newest, rate, held = 0, ineffective = 0, way = '', max_bans } = status
  if (newest !== undefined) source.age = Math.max(0, now - parseInstant(newest))
  if (max_bans !== undefined && source.bans >= 0.9 * max_bans)
    problems.push(
      `${source.bans} bans of ${max_bans} (--max-bans): beyond it the one that ends first is evicted`,
    )
  const silent = heard === undefined ? undefined : now - parseInstant(heard)
  Object.assign(source, { rate, held, ineffective, way })
  if (held > 0) {
    problems.push(`${held} held back by --brake: xff-ban --name ${name} release, or drop`)
    source.state = 'holds'
  }
  if (rate === undefined) {
    problems.push('how old its log is is not known: xff-window --tallies tells it')
    if (source.state === 'ok') source.state = 'unknown'
  } else if (silent !== undefined && silent > SILENT_MS) {
    problems.push(`nothing from the log for ${Math.round(silent / MINUTE_MS)} min`)
    source.state = 'blind'
  }
  if (ineffective > 0) {
    problems.push(`${ineffective} go on failing although they are banned: xff-ban check URL says why`)
    source.state = 'no effect'
  }
  if (failing !== undefined) {
    problems.push(failing)
    source.state = 'failing'
  }
  return source
}

interface Pace {
  /** How many hits came in the last minute, or since the look before if that is longer ago. */
  rate: (key: string, hits: number | undefined, now: number) => number
}

function createPace(): Pace {
  const known = new BoundedMap<string, { at: number; hits: number; rate: number }>(MAX_KNOWN)
  return {
    rate(key, hits, now) {
      if (hits === undefined) return 0
      const before = known.get(key)
      if (!before || hits < before.hits) {
        known.set(key, { at: now, hits, rate: 0 })
        return 0
      }
      const passed = now - before.at
      // what is over a minute counts less and less
      const kept = Math.max(0, 1 - passed / MINUTE_MS)
      const rate = before.rate * kept + (hits - before.hits) * Math.min(1, MINUTE_MS / Math.max(1, passed))
      known.delete(key)
      known.set(key, { at: now, hits, rate })
      return Math.round(rate)
    },
  }
}

function timeOf({ time }: BanRecord): number {
  return time === undefined ? 0 : parseInstant(time)
}
