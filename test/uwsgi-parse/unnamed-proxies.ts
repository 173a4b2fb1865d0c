import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { watchUnnamedProxies } from '../../lib/uwsgi-parse/unnamed-proxies.js'

const client = compileClient({ ranges: PRIVATE_RANGES })

function adviceOf(slots: readonly string[]): string[] {
  const proxies = watchUnnamedProxies()
  for (const slot of slots) proxies.saw(client(slot), slot)
  return proxies.about(slots.length)
}

const times = (count: number, slot: (i: number) => string) => Array.from({ length: count }, (_, i) => slot(i))

t.test('an address at the end of the lists of many clients may be a proxy', async t => {
  const slots = times(12, i => `203.0.113.${i}, 198.51.100.80`)
  t.match(adviceOf(slots), [/^12 of 12 requests come by 198.51.100.80 for 12 clients: a proxy of yours\?/])
  t.match(adviceOf(slots), [/--trust 198.51.100.80 --trust private, here and to xff-ban/])
  t.match(
    adviceOf(slots),
    [/If not, do nothing: somebody makes up addresses/],
    'or a client that looks like one',
  )
  t.same(adviceOf(slots.slice(0, 11)), [], 'too few to tell')
  t.match(
    adviceOf(slots.map(slot => `${slot}, 10.0.0.1`)),
    [/come by 198.51.100.80 /],
    'behind a private one as well',
  )
})

t.test('clients are no proxies', async t => {
  t.same(adviceOf(times(40, i => `203.0.113.${i}`)), [])
  t.same(adviceOf(times(40, i => `8.8.8.8, 203.0.113.${i}`)), [], 'each with a list of its own')
  t.same(adviceOf(times(40, i => `8.8.8.${i % 7}, 203.0.113.5`)), [], 'few addresses before it')
  const few = times(40, i => (i < 15 ? `8.8.8.${i}, 203.0.113.5` : `203.0.113.${100 + i}`))
  t.same(adviceOf(few), [], 'somebody makes up addresses, and is not most of the requests')
  t.same(adviceOf(times(40, i => `x${i}, 203.0.113.5`)), [], 'what is no address is no client')
})

t.test('it is told once, and bounded', async t => {
  const proxies = watchUnnamedProxies()
  for (let i = 0; i < 5000; i++)
    proxies.saw(client(`9.${i >> 8}.${i & 255}.1, 198.51.100.80`), `9.${i >> 8}.${i & 255}.1, 198.51.100.80`)
  t.match(proxies.about(1000), [/^1000 of 1000 requests .* for 1000 clients/])
  t.same(proxies.about(5000), [])
})
