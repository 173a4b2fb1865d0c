import fc from 'fast-check'
import t from 'tap'
import { createTrail, formatPlace, parsePlace } from '../../lib/xff-bus/place.js'
import { createSearch } from '../../lib/xff-bus/search.js'
import { requestLine } from '../support/requests.js'
import { seeded } from '../support/seeded.js'

const START = Date.parse('2026-11-22T14:00:00Z')

/** The place behind the first `count` of these lines, as it is stored. */
function placeBehind(lines: readonly Buffer[], times: readonly number[], count: number) {
  const trail = createTrail()
  for (const line of lines.slice(0, count)) trail.add(line)
  const place = parsePlace(
    formatPlace({ newest: Math.max(0, ...times.slice(0, count)), digests: trail.digests() }),
  )
  if (!place) throw new Error('no place')
  return place
}

/** What a writer would send that reads these lines anew from one of them on. */
function resumed(
  lines: readonly Buffer[],
  times: readonly number[],
  from: number,
  place: ReturnType<typeof placeBehind>,
) {
  const search = createSearch(place)
  let at = from
  while (at < lines.length && !search.see(lines[at] ?? Buffer.alloc(0), times[at] ?? 0)) at++
  const { isFound, after } = search.end()
  const sent = [...after.filter(({ isSent }) => !isSent).map(({ line }) => line), ...lines.slice(at + 1)]
  return { isFound, sent: sent.map(String) }
}

t.test('whatever part of a log is read again, the place is found where it was', async t => {
  const cut = fc.record({
    // many lines are equal, but not a whole run of them: clients that repeat themselves among others
    clients: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 600 }),
    sent: fc.nat(),
    from: fc.nat(),
  })
  fc.assert(
    fc.property(cut, ({ clients, sent, from }) => {
      const times = clients.map((_, i) => START + 1000 * Math.floor(i / 3))
      // each line is another, as with an id or a path; the next test has equal ones
      const lines = clients.map((n, i) =>
        Buffer.from(requestLine({ ip: `198.51.100.${n}`, time: times[i] ?? 0, uri: `/${i}` })),
      )
      const count = 1 + (sent % lines.length)
      const begin = from % count
      const { isFound, sent: again } = resumed(lines, times, begin, placeBehind(lines, times, count))
      return isFound && again.join('') === lines.slice(count).map(String).join('')
    }),
    seeded(t, 200),
  )
})

t.test(
  'in a run of equal lines that is longer than what is told, no other client is counted twice',
  async t => {
    const line = Buffer.from(requestLine({ ip: '198.51.100.1', time: START }))
    const other = Buffer.from(requestLine({ ip: '198.51.100.2', time: START }))
    const lines = [...Array<Buffer>(300).fill(line), other, ...Array<Buffer>(300).fill(line)]
    const times = lines.map(() => START)
    const { isFound, sent } = resumed(lines, times, 290, placeBehind(lines, times, 601))
    t.ok(isFound)
    t.notOk(sent.includes(String(other)), 'the other one was sent before')
  },
)

t.test('near the beginning of the input, the point that agrees in more lines is the place', async t => {
  const times = Array.from({ length: 40 }, () => START)
  const lines = times.map((time, i) =>
    Buffer.from(
      requestLine({ ip: `198.51.100.${i % 20}`, time, uri: i === 3 || i === 33 ? '/same' : `/${i}` }),
    ),
  )
  lines[33] = lines[3] ?? Buffer.alloc(0)
  // the input begins at the line that looks like the last one sent
  const { isFound, sent } = resumed(lines, times, 3, placeBehind(lines, times, 34))
  t.ok(isFound)
  t.same(sent, lines.slice(34).map(String))
})

t.test('where the place has been rotated away, it goes on by time', async t => {
  const times = Array.from({ length: 20 }, (_, i) => START + 1000 * i)
  const lines = times.map((time, i) => Buffer.from(requestLine({ time, uri: `/${i}` })))
  const place = placeBehind(lines, times, 10)
  const { isFound, sent } = resumed(lines, times, 10, place)
  t.notOk(isFound)
  t.same(sent, lines.slice(10).map(String), 'all that is newer than what was sent')
  const again = resumed(lines.slice(0, 9), times.slice(0, 9), 0, place)
  t.same(again.sent, [], 'and nothing that is older')
})

t.test('a header that is no place is none', async t => {
  for (const text of ['', 'x', '-1 a', '12e3']) t.equal(parsePlace(text), undefined, JSON.stringify(text))
  t.same(parsePlace('0'), { newest: 0, digests: [] })
})
