import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { type Bytes, bytes, text } from '../../lib/net/address.js'
import { type Networks, readNetworks } from '../../lib/net/networks/networks.js'
import { contains, formatPrefix, parsePrefix, prefixOf } from '../../lib/net/prefix.js'
import { seeded } from '../support/seeded.js'
import { waitFor } from '../support/wait-for.js'

const read = (...lines: string[]) => readNetworks(Buffer.from(lines.join('\n')))
const of = (networks: Networks, ip: string) => networks.of(bytes(ip) ?? [])

t.test('two published formats are told apart, also within a file', async t => {
  const { networks, bad } = read(
    '1.0.0.0\t1.0.0.255\t13335\tUS\tCLOUDFLARENET',
    '1.0.1.0\t1.0.3.255\t0\tNone\tNot routed',
    '2001:200::\t2001:200:5ff:ffff:ffff:ffff:ffff:ffff\t2500\tJP\tWIDE-BB WIDE Project',
    '; IP-ASN32-DAT file',
    '# another comment',
    '',
    '1.0.4.0/22\t38803',
    '2001:db8::/32 64500',
    '198.51.100.0/24 AS64501 EXAMPLE, a name\r',
  )
  t.equal(bad, 0)
  t.same(of(networks, '1.0.0.7'), { asn: 13335, name: 'CLOUDFLARENET' })
  t.equal(of(networks, '1.0.1.7'), undefined, 'not routed')
  t.same(of(networks, '2001:200:500::1'), { asn: 2500, name: 'WIDE-BB WIDE Project' })
  t.same(of(networks, '1.0.7.255'), { asn: 38803, name: '' })
  t.same(of(networks, '2001:db8::7'), { asn: 64500, name: '' })
  t.same(of(networks, '198.51.100.1'), { asn: 64501, name: 'EXAMPLE, a name' })
  t.equal(of(networks, '::ffff:1.0.0.7')?.asn, 13335, 'a mapped address is one of IPv4')
  t.equal(networks.size, 5)
})

t.test('a bad line is told, and costs nothing else', async t => {
  for (const line of [
    ...[
      'nonsense',
      '1.0.0.0',
      '1.0.0.0/24',
      '1.0.0.0/33 7',
      '1.0.0.0 7',
      '1.0.0.0/24 4294967296',
      '1.0.0.0/24 -7',
    ],
    ...[
      '1.0.0.9\t1.0.0.1\t7\tUS\tX',
      '1.0.0.0\t::1\t7\tUS\tX',
      '1.0.0.0\t1.0.0.255\tX\tUS\tX',
      '01.0.0.0/24 7',
    ],
    `1.0.0.0/24 7 ${'x'.repeat(1100)}`,
  ]) {
    const { networks, bad, firstBad } = read('192.0.2.0/24 64500', line, '198.51.100.0/24 64501')
    t.same([bad, firstBad?.line], [1, 2], line)
    t.equal(of(networks, '192.0.2.1')?.asn, 64500)
    t.equal(of(networks, '198.51.100.1')?.asn, 64501)
  }
})

t.test('what is banned of a network is the widest prefix with nothing of another', async t => {
  const { networks } = read(
    '203.0.0.0/16 64500',
    '203.0.113.0/24 64501',
    '198.51.100.10\t198.51.100.20\t64502\tZZ\tX',
    '2001:db8::/20 64503',
  )
  const around = (ip: string, least: number) => {
    const found = networks.around(bytes(ip) ?? [], least)
    return found && `${found.network.asn} ${formatPrefix(found.prefix)}`
  }
  t.equal(around('203.0.113.9', 16), '64501 203.0.113.0/24')
  t.equal(around('203.0.112.9', 16), '64500 203.0.112.0/24')
  t.equal(around('203.0.200.9', 16), '64500 203.0.128.0/17')
  t.equal(around('203.0.200.9', 20), '64500 203.0.192.0/20')
  t.equal(around('198.51.100.10', 16), '64502 198.51.100.10/31')
  t.equal(around('198.51.100.20', 16), '64502 198.51.100.20')
  t.equal(around('2001:db8::1', 32), '64503 2001:db8::/32')
  t.equal(around('192.0.2.1', 16), undefined)
})

/** Few enough addresses for ranges to meet, at both ends of what there is and around a limit of words. */
const addresses = [
  ...['0.0.0.0', '0.0.0.1', '127.255.255.255', '128.0.0.0', '203.0.113.0', '203.0.113.1', '203.0.113.2'],
  ...['203.0.113.3', '203.0.113.127', '203.0.113.128', '203.0.113.255', '203.0.114.0', '255.255.255.255'],
  ...['::', '::1', '2001:db8::', '2001:db8:0:0:ffff:ffff:ffff:ffff', '2001:db8:0:1::', '2001:db8:0:1::1'],
  ...['2001:db8:0:1:0:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
]
const numberOf = (address: Bytes) => address.reduce((number, byte) => number * 256n + BigInt(byte), 0n)
const rows = fc.array(
  fc.oneof(
    fc.record({ from: fc.constantFrom(...addresses), to: fc.constantFrom(...addresses) }),
    fc.record({ from: fc.constantFrom(...addresses), length: fc.nat(128) }),
  ),
  { maxLength: 12 },
)

interface Range {
  bytes: number
  from: bigint
  to: bigint
  asn: number
}

t.test('a network is found as by looking at all rows, and so is the widest prefix', async t => {
  fc.assert(
    fc.property(
      rows,
      fc.array(fc.constantFrom(...addresses), { minLength: 1 }),
      fc.nat(20),
      (given, asked, least) => {
        const ranges: Range[] = []
        const lines = given.flatMap((row, i) => {
          const asn = i + 1
          if ('to' in row) {
            const [from, to] = [bytes(row.from) ?? [], bytes(row.to) ?? []]
            if (from.length !== to.length || numberOf(from) > numberOf(to)) return []
            ranges.push({ bytes: from.length, from: numberOf(from), to: numberOf(to), asn })
            return [`${row.from}\t${row.to}\t${asn}\tZZ\tN${asn}`]
          }
          const prefix = parsePrefix(`${row.from}/${row.length}`)
          if (!prefix) return []
          const size = prefix.network.length
          const from = numberOf(prefix.network)
          ranges.push({ bytes: size, from, to: from + 2n ** BigInt(size * 8 - prefix.length) - 1n, asn })
          return [`${row.from}/${row.length} ${asn}`]
        })
        const { networks, bad } = readNetworks(Buffer.from(lines.join('\n')))
        if (bad > 0) return false
        return asked.every(ip => {
          const address = bytes(ip) ?? []
          const owner = ownerOf(ranges, address.length, numberOf(address))
          const found = networks.around(address, least)
          if (networks.of(address)?.asn !== owner || found?.network.asn !== owner) return false
          return !found || formatPrefix(found.prefix) === widest(ranges, address, owner ?? 0, least)
        })
      },
    ),
    seeded(t, 1500),
  )
})

/** The latest start, of these the shortest, of the same the last. */
function ownerOf(ranges: readonly Range[], size: number, address: bigint): number | undefined {
  let best: Range | undefined
  for (const range of ranges) {
    if (range.bytes !== size || range.from > address || address > range.to) continue
    if (!best || range.from > best.from || (range.from === best.from && range.to <= best.to)) best = range
  }
  return best?.asn
}

/** The widest prefix of which every address where something begins or ends is that owner's. */
function widest(ranges: readonly Range[], address: Bytes, owner: number, least: number): string {
  const size = address.length
  for (let length = least; ; length++) {
    const prefix = prefixOf(`${text(address)}/${length}`)
    const first = numberOf(prefix.network)
    const last = first + 2n ** BigInt(size * 8 - length) - 1n
    const edges = ranges.flatMap(({ from, to }) => [from, to, from - 1n, to + 1n])
    const within = [first, last, ...edges].filter(one => first <= one && one <= last)
    if (within.every(one => ownerOf(ranges, size, one) === owner) && contains(prefix, address))
      return formatPrefix(prefix)
  }
}

/** A table as large as that of all that is routed: so many rows of IPv4, a tenth as many of IPv6, and 80,000 networks. */
function largeTable(rows: number): Buffer {
  const lines: string[] = []
  for (let i = 0; i < rows; i++) {
    const [a, b, c] = [1 + (i >> 15), (i >> 7) & 255, (i & 127) * 2]
    lines.push(
      `${a}.${b}.${c}.0\t${a}.${b}.${c}.255\t${1 + (i % 80_000)}\tZZ\tNETWORK-${1 + (i % 80_000)} Example Limited\n`,
    )
  }
  for (let i = 0; i < rows / 10; i++) {
    const [high, low] = [(0x2001 + (i >> 16)).toString(16), (i & 0xffff).toString(16)]
    lines.push(
      `${high}:${low}::\t${high}:${low}:ffff:ffff:ffff:ffff:ffff:ffff\t${1 + (i % 80_000)}\tZZ\tNETWORK-${1 + (i % 80_000)} Example Limited\n`,
    )
  }
  return Buffer.from(lines.join(''))
}

t.test('a table of 500,000 rows takes less memory than its file', async t => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const used = () => {
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const table = largeTable(500_000)
  const before = used()
  const { networks, bad } = readNetworks(table)
  const megabytes = () => (used() - before) / 1e6
  // what was too large for the numbers is not given back at once
  await waitFor('the memory of what was read', () => megabytes() < 30)
  t.comment(`${(table.length / 1e6).toFixed(1)} MB of table, ${megabytes().toFixed(1)} MB in memory`)
  // 9.8 MB of numbers, and 80,000 names
  t.ok(megabytes() > 9, `${megabytes()} MB`)
  t.equal(bad, 0)
  t.equal(networks.size, 550_000)
  t.same(of(networks, '1.0.2.9'), { asn: 2, name: 'NETWORK-2 Example Limited' })
  t.equal(of(networks, '1.0.3.9'), undefined)
  t.equal(of(networks, '2001:7::1')?.asn, 8)
})
