import { type Cell, textTable } from '../text/text-table.js'
import type { Answer } from '../wire/field.js'
import type { Digest } from './digest.js'
import { amount, clock, counted, date, moment, span } from './format.js'

/** The longest path that is shown, in UTF-16 units. */
const MAX_UNITS = 60

/**
 * The digest as tables for a terminal; the same digest gives the same text.
 * @param safe makes a text from the log safe for a terminal
 */
export function text(title: string, digest: Digest, safe: (text: string) => string): string {
  const { now, totals, addresses, networks, paths, banned, inForce, troubles, unbanned } = digest
  const { oldest, newest, failures, unattributed, bans } = totals
  const when = (at: number) => (Number.isFinite(at) ? moment(at, totals) : '')
  const request = ({ status, method, uri }: Answer = {}) =>
    clipped(safe([status, method, uri].filter(part => part !== undefined).join(' ')))
  const hasWhy = banned.top.some(({ rule, reason }) => rule !== undefined || reason !== undefined)
  const left = (until: number) => (until > now ? `${span(until - now)} left` : 'over')

  const parts = [
    title,
    oldest === undefined || newest === undefined
      ? 'No record had a time.'
      : `${date(oldest)}, ${clock(oldest)} to ${date(newest) === date(oldest) ? '' : `${date(newest)}, `}${clock(newest)} UTC`,
    `${counted(failures, 'failure')}, ${amount(unattributed)} of them unattributed; ${counted(bans, 'ban')}, ${amount(inForce.all)} in force at the end`,
    table(
      ['BANNED', 'SINCE', 'UNTIL', '', 'BANS', ...(hasWhy ? ['WHY'] : []), 'FAILURES', 'THE LAST OF THEM'],
      banned.top.map(({ ip, from, until, count, failures, last, rule, reason }) => [
        ip,
        when(from),
        when(until),
        left(until),
        count,
        ...(hasWhy ? [clipped(safe([rule, reason].filter(Boolean).join(': ')))] : []),
        failures ?? '',
        request(last),
      ]),
    ),
    more(banned.top.length, banned.all, 'earlier'),
    table(
      ['WENT WRONG', 'FROM', 'UNTIL', 'WHY'],
      troubles.problems.top.map(({ kind, from, until, reason }) => [
        clipped(safe(kind)),
        when(from),
        until === undefined ? 'lasts' : when(until),
        safe(reason),
      ]),
    ),
    more(troubles.problems.top.length, troubles.problems.all, 'earlier'),
    troubles.held.all > 0 &&
      `${counted(troubles.held.all, 'ban')} held back, ${amount(troubles.held.waiting.length)} of them still: ${safe(troubles.held.reason ?? '')}`,
    table(
      [
        'FAILED MOST',
        ...(networks ? ['NETWORK'] : []),
        ...['FIRST', 'LAST', 'BANS', 'FAILURES', 'THE LAST OF THEM'],
      ],
      addresses.top.map(({ key, network, count, bans, details: { first, newest, answer } }) => [
        key,
        ...(networks ? [clipped(safe(network ?? ''))] : []),
        when(first),
        when(newest),
        bans,
        count,
        request(answer.get()),
      ]),
    ),
    more(addresses.top.length, addresses.distinct),
    unbanned && `\nwhy ${unbanned.ip} was not banned: ${safe(unbanned.why)}`,
    networks &&
      table(
        ['FAILURES', 'ADDRESSES', 'BANNED', 'NETWORK'],
        networks.top.map(({ key, count, addresses, bans }) => [count, addresses, bans, clipped(safe(key))]),
      ),
    networks && more(networks.top.length, networks.distinct),
    networks &&
      networks.unlisted > 0 &&
      `${counted(networks.unlisted, 'failure')} of addresses that are not in the table of networks`,
    table(
      ['FAILURES', 'PATH'],
      paths.top.map(({ key, count }) => [count, clipped(safe(key))]),
    ),
    more(paths.top.length, paths.distinct),
  ]
  return `${parts.filter(Boolean).join('\n')}\n`
}

/** Empty if there are no rows. */
function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return rows.length === 0 ? '' : `\n${textTable(heads, rows, amount).join('\n')}`
}

function more(shown: number, all: number, others = 'more'): string {
  return shown < all ? `... and ${amount(all - shown)} ${others}` : ''
}

function clipped(text: string): string {
  return text.length > MAX_UNITS ? `${text.slice(0, MAX_UNITS)}…` : text
}
