import fc from 'fast-check'
import t from 'tap'
import { createLruMap } from '../../lib/xff-window/lru-map.js'
import { seeded } from '../support/seeded.js'

t.test('an LRU map is a Map in which a touched entry moves to the end', async t => {
  const step = fc.tuple(fc.constantFrom('touch', 'delete'), fc.constantFrom(...'abcde'))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const lru = createLruMap<number>()
      const map = new Map<string, number>()
      for (const [i, [act, key]] of steps.entries()) {
        const entry = lru.get(key)
        if (entry?.value !== map.get(key)) return false
        if (act === 'delete') {
          if (entry) lru.delete(entry)
          map.delete(key)
        } else {
          if (entry) lru.touch(entry)
          else lru.add(key, i)
          const value = map.get(key) ?? i
          map.delete(key)
          map.set(key, value)
        }
      }
      const entries = [...lru.entries()].map(({ key, value }) => [key, value])
      return lru.size() === map.size && JSON.stringify(entries) === JSON.stringify([...map])
    }),
    seeded(t, 1000),
  )
})

t.test('an entry may be deleted while the LRU map is iterated', async t => {
  const lru = createLruMap<number>()
  for (const [i, key] of [...'abcd'].entries()) lru.add(key, i)
  for (const entry of lru.entries()) if (entry.value % 2 === 0) lru.delete(entry)
  t.same(
    [...lru.entries()].map(({ key }) => key),
    ['b', 'd'],
  )
})
