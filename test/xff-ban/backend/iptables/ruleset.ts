import fc from 'fast-check'
import t from 'tap'
import type { Change } from '../../../../lib/xff-ban/backend/backend.js'
import { compileMatch } from '../../../../lib/xff-ban/backend/iptables/match.js'
import { createRuleset, type Ruleset } from '../../../../lib/xff-ban/backend/iptables/ruleset.js'
import type { Ban } from '../../../../lib/xff-ban/jail/ban.js'
import { seeded } from '../../../support/seeded.js'

const UNTIL = 1_795_000_000_000
const ban = (ip: string, until = UNTIL): Ban => ({ ip, until, record: { type: 'ban', ip } })

const bookOf = (match: string, mapped: boolean, bans: readonly Ban[]) =>
  createRuleset({ name: 'jail', match: compileMatch(match, mapped), only: '', target: 'DROP' }, bans)

/** Goes through the chains as the kernel does. @returns whether the packet is dropped, after how many searches */
function pass(chains: Ruleset['chains'], packet: string): { dropped: boolean; searches: number } {
  let searches = 0
  const passChain = (name: string): boolean => {
    const rules = chains.get(name)
    if (!rules) throw new Error(`no chain ${name}`)
    for (const rule of rules) {
      const [, hex = '', target = ''] = /--hex-string \|([0-9a-f]+)\|.* -j (.*)$/.exec(rule) ?? []
      searches += 1
      const fold = (text: string) => (rule.includes('--icase') ? text.toUpperCase() : text)
      if (!fold(packet).includes(fold(Buffer.from(hex, 'hex').toString('latin1')))) continue
      if (target === 'DROP' || passChain(target)) return true
    }
    return false
  }
  return { dropped: passChain('jail'), searches }
}

const MATCHES: readonly (readonly [string, boolean])[] = [
  ['http', false],
  ['http', true],
  ['nginx', false],
  ['haproxy', true],
  ['uwsgi', true],
  ['recipe', false],
  ['behind:10.77.0.1', true],
  ['{ip}', true],
  ['tag;{ip};', false],
  ['{len}|00|{ip}<{ip}>', true],
]

// few bytes to choose from: addresses share beginnings, and one is the beginning of another
const octet = fc.constantFrom(1, 2, 12, 20, 21, 120, 121, 212)
const v4 = fc.tuple(octet, octet, octet, octet).map(octets => octets.join('.'))
const hextet = fc.constantFrom('1', '12', '1a', 'abc')
const v6 = fc.tuple(hextet, hextet, hextet).map(([a, b, c]) => `2001:db8:${a}:${b}::${c}`)
const ip = fc.oneof({ weight: 3, arbitrary: v4 }, v6)

t.test('the tree drops what a flat list of patterns would, and nothing else', async t => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MATCHES),
      fc.uniqueArray(ip, { maxLength: 60 }),
      fc.array(ip, { maxLength: 8 }),
      fc.constantFrom('\r\n', ', ', ' ', ''),
      ([match, mapped], banned, others, between) => {
        const { spell } = compileMatch(match, mapped)
        const { chains } = bookOf(
          match,
          mapped,
          banned.map(ip => ban(ip)),
        )
        const patternsOf = (ip: string) => spell(ip).flatMap(({ patterns }) => patterns)
        const all = banned.flatMap(patternsOf)
        const packets = [...others, ...banned.slice(0, 8)].flatMap(patternsOf)
        // each alone, and many in one packet
        for (const packet of [...packets, packets.join(between), packets.toReversed().join(between)]) {
          if (pass(chains, packet).dropped !== all.some(pattern => packet.includes(pattern))) return false
        }
        return true
      },
    ),
    seeded(t, 300),
  )
})

const change = fc.oneof(
  ip.map((ip): Change => ({ ban: ban(ip) })),
  ip.map((ip): Change => ({ unban: ip })),
  ip.map((ip): Change => ({ ban: ban(ip, UNTIL + 1000) })),
)

t.test('changes lead to the chains that a new rule set has, and name all that differ', async t => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MATCHES),
      fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 12 }),
      ([match, mapped], batches) => {
        const book = bookOf(match, mapped, [])
        const kernel = new Map(book.chains)
        const bans = new Map<string, Ban>()
        for (const changes of batches) {
          for (const change of changes) {
            if ('ban' in change) bans.set(change.ban.ip, change.ban)
            else bans.delete(change.unban)
          }
          const { written, gone } = book.revise(changes)
          for (const name of gone) if (!kernel.delete(name)) throw new Error(`${name} was not there`)
          for (const { name, rules } of written) kernel.set(name, rules)
          const fresh = bookOf(match, mapped, [...bans.values()]).chains
          t.same([...kernel].sort(), [...fresh].sort())
          t.same([...book.chains].sort(), [...fresh].sort())
        }
        return t.passing()
      },
    ),
    seeded(t, 150),
  )
})

t.test('a ban that shares less with the others than they do keeps all chains beneath the root', async t => {
  const alike = ['1.1.1', '12.1.1'].flatMap(start => [1, 2, 3, 4, 5].map(n => ban(`${start}.${n}`)))
  const other = ban('2.1.1.1')
  const book = bookOf('tag;{ip};', false, alike)
  for (const [changes, bans] of [
    [[{ ban: other }], [...alike, other]],
    [[{ unban: other.ip }], alike],
  ] as const) {
    book.revise(changes)
    t.same([...book.chains].sort(), [...bookOf('tag;{ip};', false, bans).chains].sort())
  }
})

const addresses = (count: number) =>
  Array.from({ length: count }, (_, i) => [20 + (i % 200), (i * 7) % 256, (i * 13) % 256, i >> 8].join('.'))

t.test(
  'a request is searched a few dozen times however many are banned, and a ban changes few chains',
  async t => {
    const book = bookOf(
      'http',
      false,
      addresses(5000).map(ip => ban(ip)),
    )
    const request = 'GET / HTTP/1.1\r\nX-Forwarded-For: 131.77.9.3\r\nAccept: text/html, */*\r\n\r\n'
    const { searches } = pass(book.chains, request)
    t.ok(searches < 100, `${searches} searches`)
    const { written, gone } = book.revise([{ ban: ban('131.77.9.3') }])
    t.ok(written.length + gone.length <= 3, `${written.length} chains written, ${gone.length} gone`)
    t.same(book.revise([{ unban: '8.8.4.4' }]), { written: [], gone: [] })
    t.ok(pass(book.chains, request).dropped)
  },
)

t.test('names of chains fit into the kernel, and a chain beneath another has the greater name', async t => {
  const name = 'a-jail-of-16-chr'
  const { chains } = createRuleset(
    { name, match: compileMatch('http', true), only: '-p tcp ', target: 'DROP' },
    addresses(300).map(ip => ban(ip)),
  )
  for (const [chain, rules] of chains) {
    t.ok(chain.length <= 28 && chain.startsWith(name), chain)
    const below = rules.flatMap(rule => /-j (a-jail.*)/.exec(rule)?.[1] ?? [])
    t.ok(
      below.every(other => other > chain && chains.has(other)),
      chain,
    )
  }
})

t.test('a rule holds the pattern, the end of the ban and the target', async t => {
  const until = (at: number) =>
    createRuleset({ name: 'jail', match: compileMatch('{ip}', false), only: '-p tcp ', target: 'DROP' }, [
      ban('1.2.3.4', at),
    ]).chains.get('jail')
  const rule = (stop: string) => [
    `-p tcp -m string --algo kmp --from 40 --hex-string |312e322e332e34| -m time --datestop ${stop} -j DROP`,
  ]
  t.same(until(Date.UTC(2026, 10, 22, 14, 6, 8, 999)), rule('2026-11-22T14:06:08'))
  t.same(until(Date.UTC(2100, 0, 1)), rule('2038-01-19T03:14:07'), 'the last second of 32 bits')
})
