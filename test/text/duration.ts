/** Durations are read and written in one way. */
import t from 'tap'
import { clockDuration, compactDuration, greatestUnits, parseDuration } from '../../lib/text/duration.js'

t.test('a duration is read as seconds, or in a unit', async t => {
  for (const [text, seconds] of [
    ['3600', 3600],
    ['0', 0],
    ['45s', 45],
    ['10m', 600],
    ['12h', 43_200],
    ['30d', 2_592_000],
    ['', undefined],
    ['m', undefined],
    ['-1', undefined],
    ['1.5h', undefined],
    ['1h30m', undefined],
    ['10 m', undefined],
    ['1w', undefined],
    ['1234567890123', undefined],
  ] as const) {
    t.equal(parseDuration(text), seconds, JSON.stringify(text))
  }
})

t.test('the two greatest units of a duration', async t => {
  t.same(greatestUnits(5403), [
    [1, 'h'],
    [30, 'm'],
  ])
  t.same(greatestUnits(86_400), [
    [1, 'd'],
    [0, 'h'],
  ])
  t.same(greatestUnits(45), [[45, 's']])
  t.same(greatestUnits(0), [[0, 's']])
  t.same(greatestUnits(-3), [[0, 's']])
})

t.test('a duration in a column', async t => {
  for (const [seconds, text] of [
    [0, '0s'],
    [59, '59s'],
    [60, '1m 00s'],
    [3900, '1h 05m'],
    [90_000, '1d 01h'],
  ] as const) {
    t.equal(compactDuration(seconds), text)
  }
})

t.test('a duration that passes while it is read', async t => {
  for (const [seconds, text] of [
    [1.2, '2 s'],
    [59, '59 s'],
    [185, '3:05 min'],
    [3599.5, '1:00 h'],
    [3720, '1:02 h'],
  ] as const) {
    t.equal(clockDuration(seconds), text)
  }
})
