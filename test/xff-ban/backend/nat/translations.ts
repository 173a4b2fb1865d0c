import t from 'tap'
import { readIptablesNat } from '../../../../lib/xff-ban/backend/nat/iptables-save.js'
import { readNftNat } from '../../../../lib/xff-ban/backend/nat/nft-ruleset.js'
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
    { targets: [], aliases: [] },
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
  t.same(ofRules([3031], ...rules), { targets: [], aliases: [3039, 3040, 3041] })
  t.same(ofRules([3039], ...rules), { targets: [], aliases: [] }, 'seen as it comes in')
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
