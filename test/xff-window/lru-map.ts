import fc from 'fast-check'
import t from 'tap'
import { createRecency } from '../../lib/xff-window/lru-map.js'
import { seeded } from '../support/seeded.js'

t.test('it is a Map in which what is touched moves to the end', async t => {
  const step = fc.tuple(fc.constantFrom('touch', 'delete'), fc.constantFrom(...'abcde'))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const recency = createRecency<number>()
      const map = new Map<string, number>()
      for (const [i, [act, key]] of steps.entries()) {
        const link = recency.get(key)
        if (link?.kept !== map.get(key)) return false
        if (act === 'delete') {
          if (link) recency.delete(link)
          map.delete(key)
        } else {
          if (link) recency.touch(link)
          else recency.add(key, i)
          const kept = map.get(key) ?? i
          map.delete(key)
          map.set(key, kept)
        }
      }
      const links = [...recency.links()].map(({ key, kept }) => [key, kept])
      return recency.size() === map.size && JSON.stringify(links) === JSON.stringify([...map])
    }),
    seeded(t, 1000),
  )
})

t.test('the one in hand may be deleted', async t => {
  const recency = createRecency<number>()
  for (const [i, key] of [...'abcd'].entries()) recency.add(key, i)
  for (const link of recency.links()) if (link.kept % 2 === 0) recency.delete(link)
  t.same(
    [...recency.links()].map(({ key }) => key),
    ['b', 'd'],
  )
})
