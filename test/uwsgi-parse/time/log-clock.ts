import t from 'tap'
import { parseCtime } from '../../../lib/uwsgi-parse/time/date.js'
import { logClock } from '../../../lib/uwsgi-parse/time/log-clock.js'
import { compileZone } from '../../../lib/uwsgi-parse/time/zone.js'

const at = (wall: string) => Date.parse(`${wall}Z`)
const instants = (zone: string | undefined, wall: string) =>
  compileZone(zone)(at(wall)).map(instant => new Date(instant).toISOString().slice(0, 16))

t.test('a date of ctime(3) is a reading of the wall, and what is no date is not', async t => {
  t.equal(parseCtime('Sun Nov 22 14:06:08 2026'), at('2026-11-22T14:06:08'))
  t.equal(parseCtime('Thu Jan  1 00:00:00 2026'), at('2026-01-01T00:00:00'))
  for (const text of [
    'Sun Feb 31 14:06:08 2026',
    'Sun Foo 22 14:06:08 2026',
    'Sun Nov 22 24:06:08 2026',
    '',
  ]) {
    t.ok(Number.isNaN(parseCtime(text)), text)
  }
})

t.test('a zone reads a clock on the wall', async t => {
  t.same(instants('Europe/Berlin', '2026-07-01T12:00:00'), ['2026-07-01T10:00'])
  t.same(instants('Europe/Berlin', '2026-12-31T23:30:00'), ['2026-12-31T22:30'])
  t.same(instants('Asia/Kathmandu', '2026-07-01T12:00:00'), ['2026-07-01T06:15'])
  t.same(instants('+02:00', '2026-07-01T12:00:00'), ['2026-07-01T10:00'])
  t.same(instants('-0330', '2026-07-01T12:00:00'), ['2026-07-01T15:30'])
  t.same(instants('UTC', '2026-07-01T12:00:00'), ['2026-07-01T12:00'])
  t.throws(() => compileZone('Mars'), { message: /got "Mars"/ })
  t.throws(() => compileZone('+15:00'), { message: /got "\+15:00"/ })
})

t.test('at both edges of summer time a reading has two instants, or that of the clock before', async t => {
  t.same(
    instants('Europe/Berlin', '2026-10-25T02:30:00'),
    ['2026-10-25T00:30', '2026-10-25T01:30'],
    'doubled',
  )
  t.same(instants('Europe/Berlin', '2026-10-25T01:59:59'), ['2026-10-24T23:59'])
  t.same(instants('Europe/Berlin', '2026-10-25T03:00:00'), ['2026-10-25T02:00'])
  t.same(
    instants('Europe/Berlin', '2026-03-29T02:30:00'),
    ['2026-03-29T01:30'],
    'left out: as the clock before it',
  )
  t.same(instants('Australia/Lord_Howe', '2026-04-05T01:45:00'), ['2026-04-04T14:45', '2026-04-04T15:15'])
})

t.test('in the doubled hour the log stays in order', async t => {
  const clock = logClock(compileZone('Europe/Berlin'))
  const log = ['01:58', '02:10', '02:50', '02:49', '02:59', '02:00', '02:20', '02:58', '03:01']
  const read = log.map(wall =>
    new Date(clock.read(at(`2026-10-25T${wall}:00`), 0)).toISOString().slice(11, 16),
  )
  t.same(read, ['23:58', '00:10', '00:50', '00:49', '00:59', '01:00', '01:20', '01:58', '02:01'])
})
