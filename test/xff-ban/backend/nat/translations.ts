import t from 'tap'
import { readIptablesNat } from '../../../../lib/xff-ban/backend/nat/iptables-save.js'
import { mapsOfNat, readNftMap, readNftNat } from '../../../../lib/xff-ban/backend/nat/nft-ruleset.js'
import { translationsOf } from '../../../../lib/xff-ban/backend/nat/translations.js'

const LOCAL = new Set(['10.77.0.2', '127.0.0.1'])

const ofRules = (ports: readonly number[], ...rules: string[]) =>
  translationsOf(
    [readIptablesNat(`*filter\n-A INPUT -j X\nCOMMIT\n*nat\n${rules.join('\n')}\nCOMMIT\n`)],
    ports,
    LOCAL,
  )
const to = (port: number, address: string, target: number) => ({ port, to: { address, port: target } })

t.test('a port that Docker publishes leads to its container', async t => {
  const rules = [
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
    '-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
    '-A DOCKER -i docker0 -j RETURN',
    '-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:3031',
    '-A DOCKER ! -i docker0 -p udp -m udp --dport 8080 -j DNAT --to-destination 172.17.0.9:53',
    '-A DOCKER -d 10.77.0.2/32 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00::2]:3032',
    '-A DOCKER ! -i docker0 -p tcp -m tcp --dport 9090 -j DNAT --to-destination 172.17.0.3',
  ]
  const found = ofRules([8080, 9090], ...rules)
  t.same(found.targets, [
    ...[to(8080, '172.17.0.2', 3031), to(8080, 'fd00::2', 3032), to(9090, '172.17.0.3', 9090)],
  ])
  t.same(
    ofRules([3031], ...rules),
    { targets: [], redirects: [], aliases: [] },
    'the port of the container is no port of the host',
  )
})

t.test('over several chains the port is known from the first', async t => {
  const rules = [
    '-A PREROUTING -j KUBE-SERVICES',
    '-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m tcp --dport 8080 -j KUBE-SVC',
    '-A KUBE-SVC -m statistic --mode random --probability 0.5 -j KUBE-SEP-1',
    '-A KUBE-SVC -j KUBE-SEP-2',
    '-A KUBE-SEP-1 -p tcp -m tcp -j DNAT --to-destination 10.244.0.2:3031',
    '-A KUBE-SEP-2 -p tcp -m tcp -j DNAT --to-destination 10.244.0.3:3031',
    // a ring of chains has no end
    '-A KUBE-SEP-2 -j KUBE-SVC',
  ]
  t.same(ofRules([8080], ...rules).targets, [to(8080, '10.244.0.2', 3031), to(8080, '10.244.0.3', 3031)])
})

t.test('what stays on this host is another port of the same', async t => {
  const rules = [
    '-A PREROUTING -p tcp -m tcp --dport 3039 -j REDIRECT --to-ports 3031',
    '-A PREROUTING -p tcp -m tcp --dport 3040 -j DNAT --to-destination 10.77.0.2:3031',
    '-A OUTPUT -p tcp -m tcp --dport 3041 -j DNAT --to-destination 127.0.0.1:3031',
    '-A PREROUTING -p tcp -m tcp ! --dport 3042 -j REDIRECT --to-ports 3031',
  ]
  t.same(ofRules([3031], ...rules), { targets: [], redirects: [], aliases: [3039, 3040, 3041] })
  t.same(
    ofRules([3039], ...rules),
    { targets: [], redirects: [{ port: 3039, to: 3031 }], aliases: [] },
    'seen as it comes in',
  )
})

t.test('what cannot be read leads nowhere', async t => {
  for (const words of [
    ...[
      '-j DNAT --to-destination 10.0.0.2-10.0.0.9:3031',
      '-j DNAT --to-destination',
      '-j DNAT',
      '-j REDIRECT',
    ],
    ...['-j DNAT --to-destination nonsense:80', '-j MASQUERADE', '-j NOWHERE', ''],
  ])
    t.same(ofRules([80], `-A PREROUTING -p tcp -m tcp --dport 80 ${words}`).targets, [], words)
})

t.test('rules of nft', async t => {
  const match = (right: unknown) => ({
    match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right },
  })
  const table = { family: 'inet', table: 'netavark' }
  const listing = (...rules: object[]) =>
    JSON.stringify({
      nftables: [
        { metainfo: {} },
        { chain: { ...table, name: 'PREROUTING', type: 'nat', hook: 'prerouting' } },
        { chain: { ...table, name: 'other', type: 'filter', hook: 'input' } },
        ...rules.map(rule => ({ rule: { ...table, ...rule } })),
      ],
    })
  const text = listing(
    { chain: 'PREROUTING', expr: [match(8080), { jump: { target: 'dnat' } }] },
    {
      chain: 'PREROUTING',
      expr: [match({ set: [9000, { range: [9001, 9002] }] }), { dnat: { addr: '10.88.0.4' } }],
    },
    { chain: 'PREROUTING', expr: [match(3039), { redirect: { port: 3031 } }] },
    { chain: 'PREROUTING', expr: [match(8080), { dnat: { addr: { map: {} }, port: 80 } }] },
    { chain: 'dnat', expr: [{ dnat: { family: 'ip', addr: '10.88.0.2', port: 3031 } }] },
  )
  const of = (...ports: number[]) => translationsOf(readNftNat(text), ports, LOCAL)
  t.same(of(8080).targets, [to(8080, '10.88.0.2', 3031)])
  t.same(of(9002).targets, [to(9002, '10.88.0.4', 9002)])
  t.same(of(3031).aliases, [3039])
})

t.test('a range of ports leads to one port, or to a range', async t => {
  const dnat = (target: string) =>
    ofRules([8002], `-A PREROUTING -p tcp --dport 8000:8010 -j DNAT --to-destination ${target}`).targets
  t.same(dnat('10.88.0.2:3031'), [to(8002, '10.88.0.2', 3031)])
  t.same(dnat('10.88.0.2:9000-9010/8000'), [to(8002, '10.88.0.2', 9002)])
  t.same(dnat('10.88.0.2'), [to(8002, '10.88.0.2', 8002)])
})

/** As kube-proxy makes it (mode nftables), and others that ask maps. */
const MAPS = {
  ruleset: [
    { map: { family: 'ip', table: 'kube', name: 'ips' } },
    { chain: { family: 'ip', table: 'kube', name: 'pre', type: 'nat', hook: 'prerouting' } },
    { chain: { family: 'ip', table: 'filter', name: 'in', type: 'filter', hook: 'input' } },
    ...rulesOf('kube', 'pre', [
      [{ jump: { target: 'services' } }],
      [{ dnat: { addr: { map: { key: dport('tcp'), data: { set: [[8087, '10.244.0.4']] } } } } }],
      [
        { match: { op: '==', left: dport('tcp'), right: 8083 } },
        {
          dnat: {
            addr: { map: { key: { numgen: {} }, data: { set: [[0, { concat: ['10.244.0.5', 3031] }]] } } },
          },
        },
      ],
      [{ vmap: { key: dport('udp'), data: { set: [[8087, { goto: { target: 'pods' } }]] } } }],
      [
        {
          vmap: {
            key: dport('tcp'),
            data: { set: [[{ range: [8090, 8091] }, { goto: { target: 'pods' } }]] },
          },
        },
      ],
    ]),
    ...rulesOf('kube', 'services', [
      [
        {
          vmap: {
            key: { concat: [{ payload: { field: 'daddr' } }, { meta: { key: 'l4proto' } }, dport('th')] },
            data: '@ips',
          },
        },
      ],
    ]),
    ...rulesOf('kube', 'pods', [
      [
        {
          vmap: {
            key: { numgen: { mode: 'random', mod: 2 } },
            data: { set: [0, 1].map(i => [i, { goto: { target: `pod${i}` } }]) },
          },
        },
      ],
    ]),
    ...rulesOf('kube', 'pod0', [[{ dnat: { addr: '10.244.0.2', port: 3031 } }]]),
    ...rulesOf('kube', 'pod1', [[{ dnat: { addr: '10.244.0.3', port: 3031 } }]]),
    ...rulesOf('filter', 'in', [[{ vmap: { key: dport('tcp'), data: '@elsewhere' } }]]),
  ],
  elements: [
    [
      { elem: { val: { concat: ['10.96.0.10', 'tcp', 8080] }, comment: 'shop' } },
      { goto: { target: 'pods' } },
    ],
    [{ concat: ['10.96.0.10', 'udp', 8081] }, { goto: { target: 'pods' } }],
  ],
}

function dport(protocol: string) {
  return { payload: { protocol, field: 'dport' } }
}

function rulesOf(table: string, chain: string, all: readonly (readonly object[])[]) {
  return all.map(expr => ({ rule: { family: 'ip', table, chain, expr } }))
}

t.test('a map of nft leads where its elements say', async t => {
  const json = (nftables: readonly object[]) => JSON.stringify({ nftables })
  const ruleset = json(MAPS.ruleset)
  t.same(mapsOfNat(ruleset), [{ family: 'ip', table: 'kube', name: 'ips' }])
  const elements = readNftMap(json([{ map: { elem: MAPS.elements } }]))
  const found = (...ports: number[]) =>
    translationsOf(readNftNat(ruleset, new Map([['ip kube ips', elements]])), ports, LOCAL).targets
  const pods = (port: number) => [to(port, '10.244.0.2', 3031), to(port, '10.244.0.3', 3031)]
  t.same(found(8080), pods(8080), 'over two maps')
  t.same(found(8081), [], 'UDP')
  t.same(found(8091), pods(8091), 'a range')
  t.same(found(8087), [to(8087, '10.244.0.4', 8087)], 'the port stays')
  t.same(found(8083), [to(8083, '10.244.0.5', 3031)], 'address and port out of one map')
})
