import t from 'tap'
import { escalation } from '../../../lib/xff-ban/jail/escalation.js'

const plain = { time: undefined, increment: false, factor: undefined, timeMax: undefined }
const seconds = (time: (count: number) => number) => [1, 2, 3, 8, 1000].map(count => time(count) / 1000)

t.test('all bans last equally long, or with --increment each twice as long, up to a week', async t => {
  t.same(seconds(escalation(plain)), [3600, 3600, 3600, 3600, 3600])
  t.same(seconds(escalation({ ...plain, increment: true })), [3600, 7200, 14_400, 460_800, 604_800])
  t.same(
    seconds(escalation({ time: 10, increment: true, factor: 1.5, timeMax: 60 })),
    [10, 15, 22.5, 60, 60],
    '--factor and --time-max',
  )
  t.same(seconds(escalation({ ...plain, time: 864_000, increment: true })).at(-1), 864_000)
})

t.test('--factor and --time-max are refused where they would do nothing', async t => {
  t.throws(() => escalation({ ...plain, factor: 2 }), /--factor: expected --increment/)
  t.throws(() => escalation({ ...plain, timeMax: 2 }), /--time-max: expected --increment/)
  t.throws(
    () => escalation({ time: 10, increment: true, factor: 2, timeMax: 9 }),
    /--time-max: .* 10 s, got 9 s/,
  )
})

t.test('the time of a rule takes the place of --time, and grows as it does', async t => {
  const times = (time: (count: number, lasts?: number) => number, lasts: number) =>
    seconds(count => time(count, lasts))
  t.same(times(escalation(plain), 60), [60, 60, 60, 60, 60])
  const growing = escalation({ ...plain, increment: true })
  t.same(times(growing, 60), [60, 120, 240, 7680, 604_800])
  t.equal(times(growing, 864_000).at(-1), 864_000, 'a rule is no shorter for the longest time by default')
  t.equal(
    times(escalation({ ...plain, increment: true, timeMax: 7200 }), 864_000).at(0),
    7200,
    'but for one given',
  )
})
