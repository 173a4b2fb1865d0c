/** Maps that strangers can fill have a bound; the oldest entries leave first. */
import t from 'tap'
import { BoundedMap } from '../lib/bounded-map.js'

t.test('a bounded map never holds more than its maximum, and keeps the newest entries', async t => {
  const map = new BoundedMap<number, number>(100)
  for (let i = 0; i < 1000; i++) {
    map.set(i, i)
    if (map.size > 100 || map.get(i) !== i) t.fail(`${map.size} entries after ${i}`)
  }
  t.ok(map.size > 80, `${map.size} entries are left`)
  t.same(
    [...map.keys()],
    Array.from({ length: map.size }, (_, i) => 1000 - map.size + i),
  )
})

t.test('to set a key that is there evicts nothing', async t => {
  const map = new BoundedMap<string, number>(2)
  map.set('a', 1).set('b', 2).set('a', 3)
  t.same(
    [...map],
    [
      ['a', 3],
      ['b', 2],
    ],
  )
  map.set('c', 4)
  t.same([...map.keys()], ['b', 'c'])
})

t.test('a map of one entry replaces it', async t => {
  const map = new BoundedMap<string, number>(1)
  map.set('a', 1).set('b', 2)
  t.same([...map], [['b', 2]])
})

t.test('a value is made once, also where it is false or null', async t => {
  for (const value of [false, null, 0, '']) {
    const map = new BoundedMap<string, typeof value>(10)
    let made = 0
    const make = () => {
      made += 1
      return value
    }
    t.equal(map.getOrMake('a', make), value)
    t.equal(map.getOrMake('a', make), value)
    t.equal(made, 1)
  }
})
