import fc from 'fast-check'
import t from 'tap'
import { createClocks } from '../../lib/xff-window/clocks.js'
import { seeded } from '../support/seeded.js'

interface Clock {
  newest: number
  lastLine: number
}

/** The clocks by their definition: all of them are looked at for every line. */
function definition(late: number) {
  let clocks: Clock[] = []
  let before = Number.NEGATIVE_INFINITY
  let lines = 0
  let lateLines = 0
  return {
    observe(time: number) {
      lines += 1
      if (time < before - late) lateLines += 1
      const distance = ({ newest }: Clock) => Math.abs(newest - time)
      const [nearest] = clocks
        .filter(({ newest }) => time - newest <= Math.max(late, 1000) && newest - time <= late)
        .sort((a, b) => distance(a) - distance(b) || b.lastLine - a.lastLine)
      const newest = Math.max(nearest?.newest ?? time, time)
      const others = clocks.filter(clock => clock !== nearest)
      const met = others.filter(clock => Math.abs(clock.newest - newest) <= late)
      before = Math.max(newest, ...met.map(clock => clock.newest))
      const rest = others
        .filter(clock => !met.includes(clock) && lines - clock.lastLine < 1000)
        .sort((a, b) => b.lastLine - a.lastLine)
      clocks = [{ newest: before, lastLine: lines }, ...rest.slice(0, 7)]
    },
    slowest: () => Math.min(...clocks.map(({ newest }) => newest)),
    late: () => lateLines,
  }
}

/** Lines of up to ten programs, a run of them each time: nearly in order, or set to the time of another, or anywhere. */
const logs = fc.record({
  late: fc.constantFrom(0, 500, 1000, 5000, 60_000),
  starts: fc.array(fc.nat(300_000), { minLength: 1, maxLength: 10 }),
  runs: fc.array(
    fc.record({
      program: fc.nat(9),
      lines: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1200 })),
      step: fc.constantFrom(0, 1, 100, 1000, 1001, 3000),
      behind: fc.constantFrom(0, 0.4, 1, 1.01),
      setTo: fc.option(fc.tuple(fc.nat(9), fc.integer({ min: -2000, max: 2000 }))),
    }),
    { minLength: 1, maxLength: 30 },
  ),
})

t.test('each line is dated by the clock that it is nearest to, as if all were looked at', async t => {
  let changes = 0
  fc.assert(
    fc.property(logs, ({ late, starts, runs }) => {
      const clocks = createClocks(late)
      const expected = definition(late)
      const now = [...starts]
      for (const { program, lines, step, behind, setTo } of runs) {
        const one = program % now.length
        if (setTo) now[one] = (now[setTo[0] % now.length] ?? 0) + setTo[1]
        for (let i = 0; i < lines; i++) {
          now[one] = (now[one] ?? 0) + step
          // every third is late
          const time = (now[one] ?? 0) - (i % 3 === 0 ? Math.ceil(behind * late) : 0)
          const slowest = clocks.slowest()
          clocks.observe(time)
          expected.observe(time)
          if (clocks.slowest() < slowest) changes += 1
          if (clocks.slowest() !== expected.slowest() || clocks.late() !== expected.late()) return false
        }
      }
      return true
    }),
    seeded(t, 200),
  )
  t.ok(changes > 100, `a slower clock came ${changes} times`)
})
