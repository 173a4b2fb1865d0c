import t from 'tap'
import { growthOf, growthText, sumOf } from '../../lib/xff-top/growth.js'

const NOW = Date.UTC(2026, 10, 22, 14)
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString()
const ban = (minutes: number) => ({ type: 'ban', ip: '203.0.113.7', time: ago(minutes) }) as const

t.test('bans are counted by their time, as far back as is known', async t => {
  const past = [ban(500), ban(179), ban(41), ban(39), ban(35), ban(9), ban(0), ban(-1)]
  const unban = { type: 'unban', ip: '203.0.113.7', time: ago(5) } as const
  const all = growthOf([...past, unban], NOW, true)
  t.same(all, [1, ...Array(12).fill(0), 1, 2, 0, 0, 3])
  const end = growthOf(past.slice(2), NOW, false)
  t.same(end, [...Array(14).fill(undefined), 2, 0, 0, 3], 'a step that is known in part is not told')
  t.match(growthText(sumOf([all, end])), /: (\? ){14}4 0 0 6$/)
  t.same(growthOf([], NOW, true), Array(18).fill(0))
})
