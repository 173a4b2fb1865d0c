import { readFileSync } from 'node:fs'
import t from 'tap'
import { knownEdge } from '../../lib/net/known-edge.js'
import { EDGES, namedRanges, RANGE_WORDS, rangesOf } from '../../lib/net/named-ranges.js'
import { formatPrefix, overlap, parsePrefix, prefixOf } from '../../lib/net/prefix.js'
import { NO_HOST_RANGES, PRIVATE_RANGES } from '../../lib/net/private.js'
import { indexRanges } from '../../lib/net/range-index.js'

for (const [name, edge] of Object.entries(EDGES)) {
  t.test(`the addresses of ${name} are ranges of the internet, with their source and date`, async t => {
    const ranges = rangesOf(edge)
    t.ok(ranges.length > 3)
    for (const range of ranges) {
      const prefix = parsePrefix(range)
      t.equal(prefix && formatPrefix(prefix), range, 'canonical')
      t.ok(prefix && prefix.length >= 8)
      const inner = [...PRIVATE_RANGES, ...NO_HOST_RANGES].filter(
        inner => prefix && overlap(prefixOf(inner), prefix),
      )
      t.same(inner, [], `${range} holds nobody's private addresses`)
    }
    t.equal(new Set(ranges).size, ranges.length, 'each once')
    t.match(edge.source, /^https:\/\/[\w.-]+\//)
    t.match(edge.date, /^20\d\d(-\d\d-\d\d)?$/)
  })
}

t.test('the page on CDNs says where each list is from, and of which date', async t => {
  const rows = readFileSync('share/front-ends/cloudflare.md', 'utf8').matchAll(
    /^\| `([\w-]+)` \| .* \| <(\S+)> \| (\S+) \|$/gm,
  )
  t.same(
    [...rows].map(([, ...row]) => row),
    Object.entries(EDGES).map(([name, { source, date }]) => [name, source, date]),
  )
})

t.test('a word stands for ranges, any other text does not', async t => {
  for (const word of RANGE_WORDS) t.ok((namedRanges(word) ?? []).length > 3, word)
  for (const other of ['Cloudflare', 'toString', '__proto__', '10.0.0.0/8', ''])
    t.equal(namedRanges(other), undefined)
})

t.test('whose edge an address is', async t => {
  t.equal(knownEdge('172.64.192.221'), 'cloudflare')
  t.equal(knownEdge('172.72.0.0'), undefined)
  t.equal(knownEdge('2a06:98c7:ffff::1'), 'cloudflare')
  t.equal(knownEdge('2a06:98c8::1'), undefined)
  t.equal(knownEdge('147.243.1.1'), 'azure-front-door')
  t.equal(knownEdge('35.191.0.1'), 'google')
  t.equal(knownEdge('nobody'), undefined)
})

t.test('ranges are found by their first byte, also those of fewer bits than a byte', async t => {
  const index = indexRanges(
    ['128.0.0.0/2', '203.0.113.0/24', 'fc00::/7', '203.0.0.0/8'].map(range => ({
      prefix: prefixOf(range),
      value: range,
    })),
  )
  const holding = (range: string) => index.holding(prefixOf(range))?.value
  t.equal(holding('191.255.255.255'), '128.0.0.0/2')
  t.equal(holding('192.0.0.0'), undefined)
  t.equal(holding('fdff::1'), 'fc00::/7')
  t.equal(holding('203.0.113.7'), '203.0.113.0/24')
  t.equal(holding('203.0.0.0/9'), '203.0.0.0/8')
  t.same(
    index.inside(prefixOf('203.0.0.0/16')).map(({ value }) => value),
    ['203.0.113.0/24'],
  )
})
