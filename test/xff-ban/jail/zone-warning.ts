import t from 'tap'
import { createZoneWarning } from '../../../lib/xff-ban/jail/zone-warning.js'

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 10, 27, 12)

/** What is said of records that are so far behind a clock that goes on by ten seconds. */
function saidOf(behind: readonly number[]): string[] {
  const said: string[] = []
  const dated = createZoneWarning(message => said.push(message))
  for (const [i, by] of behind.entries()) dated(NOW + i * 10_000 - by, NOW + i * 10_000)
  return said
}

t.test('a live log of another time zone is told of, once', async t => {
  t.match(saidOf([2 * HOUR, 2 * HOUR + 5_000, 2 * HOUR + 60_000, 2 * HOUR]), [
    /^3 records in a row are 2 h behind/,
  ])
  t.match(saidOf([-5.5 * HOUR, -5.5 * HOUR, -5.5 * HOUR + 1000]), [/^3 records in a row are 5.5 h ahead of/])
})

t.test('records on time, late ones, and those of an old log are no reason to warn', async t => {
  t.same(saidOf([0, 1000, 80_000, 300_000, 0]), [])
  t.same(saidOf([2 * HOUR, 2 * HOUR]), [], 'too few')
  t.same(saidOf([2 * HOUR, 2 * HOUR - 10 * 60_000, 2 * HOUR - 20 * 60_000, 1.6 * HOUR]), [], 'read again')
  t.same(saidOf([2 * HOUR, 0, 2 * HOUR, 0, 2 * HOUR]), [], 'mixed')
  t.same(saidOf([48 * HOUR, 48 * HOUR, 48 * HOUR]), [], 'of another day')
})
