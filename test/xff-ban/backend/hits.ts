import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { emitHits } from '../../../lib/xff-ban/backend/hits.js'
import { waitFor } from '../../support/wait-for.js'

t.test(
  'a hit record is emitted for each ban that was hit since the last look, and none after the end',
  async t => {
    const stage = new PassThrough({ objectMode: true })
    const records: unknown[] = []
    stage.on('data', record => records.push(record))
    const hits = new Map([['203.0.113.7', { hits: 3, last: 1_795_000_000_000 }]])
    let looks = 0
    const backend = {
      async hits() {
        looks += 1
        return new Map(hits)
      },
    }
    emitHits(stage, backend, t.fail, 1)
    const looked = (times: number) => {
      const from = looks
      return waitFor(`${times} looks`, () => looks >= from + times)
    }
    await looked(3)
    const first = { type: 'hit', time: '2026-11-18T11:06:40.000Z', ip: '203.0.113.7', hits: 3 }
    t.same(records, [first], 'once')
    hits.set('203.0.113.7', { hits: 5, last: 1_795_000_060_000 })
    hits.set('2001:db8::7', { hits: 1, last: 1_795_000_061_000 })
    await looked(3)
    t.match(records.slice(1), [
      { ip: '203.0.113.7', hits: 5 },
      { ip: '2001:db8::7', hits: 1 },
    ])
    hits.clear()
    await looked(3)
    hits.set('203.0.113.7', { hits: 5, last: 1_795_000_070_000 })
    await looked(3)
    t.equal(records.length, 4, 'a ban that begins anew is told again')
    stage.end()
    await once(stage, 'close')
    const last = looks
    // another one looks, as often, and began later
    const next = new PassThrough({ objectMode: true })
    let others = 0
    const another = {
      async hits() {
        others += 1
        return new Map()
      },
    }
    emitHits(next, another, t.fail, 1)
    await waitFor('ten looks of another', () => others >= 10)
    next.destroy()
    t.equal(looks, last, 'nobody looks any more')
  },
)

t.test('a backend that cannot tell hits is warned of, and the stage goes on', async t => {
  const stage = new PassThrough({ objectMode: true })
  const said: string[] = []
  const fails = { hits: () => Promise.reject(new Error('bpftool: gone')) }
  emitHits(stage, fails, message => said.push(message), 1)
  await waitFor('a word of it', () => said.length > 0)
  t.equal(said[0], 'hits: bpftool: gone')
  t.notOk(stage.destroyed)
  stage.destroy()
})
