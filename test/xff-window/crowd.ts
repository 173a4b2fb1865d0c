import t from 'tap'
import { readNetworks } from '../../lib/net/networks/networks.js'
import { type Crowd, createCrowds } from '../../lib/xff-window/crowd.js'
import { compileRules } from '../../lib/xff-window/rules/rules.js'
import { xffWindow } from '../../lib/xff-window/stage.js'
import { collect } from '../support/collect.js'

interface Line {
  /** seconds */
  at: number
  ip: string
  status: number
}

interface Asked {
  share?: number
  spared?: string
  crowd?: Crowd
  /** of networks */
  table?: string
}

/** The bans for requests, and what was said. */
async function judge(
  lines: readonly Line[],
  { share = 0, spared = '', crowd = { of: { family: 4, length: 24 }, addresses: 5 }, table = '' }: Asked = {},
) {
  const warnings: string[] = []
  const warn = (message: string) => void warnings.push(message)
  const failing = (status: number) => status >= 400
  const limits = { max: 10, find: 300_000 }
  const general = { ...limits, name: undefined, lasts: undefined, share }
  const { stages } = xffWindow({
    ...{ ...limits, late: 60_000, keys: 10_000, failing, ipv6Prefix: 128, onBadLine: () => {}, warn },
    rules: { current: compileRules([], { general, ...limits, failing, except: [] }) },
    crowds: createCrowds({
      ...{ crowds: [crowd], find: limits.find, warn },
      networks: { current: readNetworks(Buffer.from(table)).networks },
      spared: ({ network }) => (network.join('.') === spared ? 'it is ours' : undefined),
    }),
  })
  const input = [...lines]
    .sort((a, b) => a.at - b.at)
    .map(
      ({ at, ip, status }) =>
        `{"type":"request","time":"${new Date(Date.UTC(2026, 10, 22, 14) + at * 1000).toISOString()}","ip":"${ip}",` +
        `"status":${status},"method":"GET","uri":"/","protocol":"HTTP/1.1","bytes":3,"msecs":1}\n`,
    )
  const out = Buffer.concat(await collect(stages, [Buffer.from(input.join(''))])).toString()
  const bans = out
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
  return { bans, warnings }
}

/** 250 addresses of a /24, each of which asks so many times, with so many seconds between. */
const addresses = (network: string, times: number, status: number, step = 50): Line[] =>
  Array.from({ length: 250 }, (_, i) =>
    Array.from({ length: times }, (_, n) => ({
      at: n * step + (i % step),
      ip: `${network}.${i + 1}`,
      status,
    })),
  ).flat()

t.test('250 addresses of a /24 that fail five times each are banned as a crowd', async t => {
  const { bans, warnings } = await judge(addresses('203.0.113', 5, 404))
  t.equal(bans.length, 1)
  t.match(bans[0], {
    type: 'ban',
    ip: '203.0.113.0/24',
    rule: 'crowd',
    lasts: 600,
    reason: '5 addresses failed within 300 s',
  })
  t.match(warnings, [/--crowd looks at requests that were served as well/])
})

t.test('a campus of 250 users with a few failures each is not', async t => {
  t.same((await judge(addresses('198.51.100', 3, 404))).bans, [], 'without their successes')
  const served = addresses('198.51.100', 20, 200, 12)
  t.same((await judge([...served, ...addresses('198.51.100', 5, 404)])).bans, [], 'more failures, with them')
})

t.test('a prefix that is spared is not banned, and it is said once', async t => {
  const { bans, warnings } = await judge(addresses('203.0.113', 5, 404), { spared: '203.0.113.0' })
  t.same(bans, [])
  t.equal(
    warnings.filter(one => one === '203.0.113.0/24 fails as a crowd, and is not banned: it is ours').length,
    1,
  )
})

t.test('a crowd that comes back is banned for longer', async t => {
  const again = [0, 3000, 6000].flatMap(from =>
    addresses('203.0.113', 5, 404).map(line => ({ ...line, at: line.at + from })),
  )
  t.same(
    (await judge(again)).bans.map(({ lasts }) => lasts),
    [600, 1200, 2400],
  )
})

t.test('by share, a client is banned only when so much of it fails', async t => {
  const mixed = (ip: string, served: number): Line[] => [
    ...Array.from({ length: served }, (_, i) => ({ at: i, ip, status: 200 })),
    ...Array.from({ length: 10 }, (_, i) => ({ at: 30 + i, ip, status: 404 })),
  ]
  const lines = [...mixed('203.0.113.1', 11), ...mixed('198.51.100.2', 10), ...mixed('192.0.2.3', 0)]
  t.same((await judge(lines, { share: 0.5 })).bans.map(({ ip }) => ip).sort(), ['192.0.2.3', '198.51.100.2'])
})

/** A network of three prefixes, another one within the first of them, and one that is wider than what may be banned. */
const table = [
  ...['203.0.112.0/22 64500 EXAMPLE', '203.0.113.0/24 64501', '198.51.100.0/24 64500', '192.0.2.0/24 64500'],
  '10.0.0.0/8 64502',
].join('\n')
const byNetwork = { crowd: { of: 'network', addresses: 6 }, table } as const

/** So many addresses from one on, each of which asks five times. */
const some = (network: string, from: number, count: number, at: number, status = 404): Line[] =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: 5 }, (_, n) => ({ at: at + n, ip: `${network}.${from + i}`, status })),
  ).flat()

t.test('of a network those prefixes are banned whose addresses failed, and no other network', async t => {
  const { bans } = await judge(
    [...some('203.0.112', 1, 3, 0), ...some('198.51.100', 1, 2, 10), ...some('203.0.114', 1, 1, 20)],
    byNetwork,
  )
  t.same(bans.map(({ ip }) => ip).sort(), ['198.51.100.0/24', '203.0.112.0/24', '203.0.114.0/23'])
  for (const ban of bans)
    t.match(ban, {
      rule: 'crowd',
      lasts: 600,
      reason: '6 addresses of AS64500 (EXAMPLE) failed within 300 s',
    })
  t.same((await judge(some('203.0.113', 1, 5, 0), byNetwork)).bans, [], 'fewer of the network')
  t.same((await judge(some('203.0.115', 1, 6, 0), { ...byNetwork, table: '' })).bans, [], 'none of a network')
})

t.test('a prefix of a network whose clients mostly succeed is not banned, nor are they counted', async t => {
  const campus = [...some('192.0.2', 1, 20, 0, 200), ...some('192.0.2', 30, 4, 0)]
  t.same((await judge([...campus, ...some('203.0.112', 1, 5, 10)], byNetwork)).bans, [])
  const { bans } = await judge([...campus, ...some('203.0.112', 1, 6, 10)], byNetwork)
  t.same(
    bans.map(({ ip }) => ip),
    ['203.0.112.0/24'],
  )
  const spared = await judge(some('203.0.112', 1, 9, 10), { ...byNetwork, spared: '203.0.112.0' })
  t.same(spared.bans, [])
  t.match(spared.warnings, [
    /^203\.0\.112\.0\/24 fails as a crowd, and is not banned: it is ours$/,
    /--crowd/,
  ])
})

t.test(
  'no prefix of a network is wider than a /16, and others follow while the first are banned',
  async t => {
    const { bans } = await judge(
      [...some('10.1.1', 1, 6, 0), ...some('10.1.2', 1, 6, 20), ...some('10.2.1', 1, 6, 40)],
      byNetwork,
    )
    t.same(
      bans.map(({ ip, lasts }) => [ip, lasts]),
      [
        ['10.1.0.0/16', 600],
        ['10.2.0.0/16', 600],
      ],
    )
  },
)
