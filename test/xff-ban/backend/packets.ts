import t from 'tap'
import type { Option } from '../../../lib/cli/options/option.js'
import { packetBackend } from '../../../lib/xff-ban/backend/packets.js'
import { PACKET_OPTIONS, type PacketOptions } from '../../../lib/xff-ban/options-packets.js'

const said: string[] = []
const CONTEXT = {
  ...{ name: 'xff-ban', state: '/nowhere/xff-ban.jsonl', object: '/nowhere/xff-ban.bpf.o' },
  ...{ now: () => 1_795_000_000_000, warn: (message: string) => said.push(message) },
}
const read = Object.entries<Option<unknown>>(PACKET_OPTIONS).map(([name, option]) => [name, option.parse([])])
const NOT_GIVEN: PacketOptions = Object.fromEntries(read)

const backend = (given: Partial<PacketOptions>) =>
  packetBackend({ ...NOT_GIVEN, port: [3031], ...given }, CONTEXT)

t.test('options that only the other packet backend understands are refused', async t => {
  const wrong: [Partial<PacketOptions>, RegExp][] = [
    [{ packets: 'bpf', match: 'http' }, /^--match: not with --packets bpf$/],
    [{ packets: 'iptables', hops: 2, dev: ['eth0'] }, /^--dev and --hops: not with --packets iptables$/],
    [{ packets: 'iptables', hits: true }, /^--hits: not with --packets iptables$/],
    [{ uwsgi: 'REMOTE_ADDR', header: 'X-Real-IP' }, /--header and --uwsgi exclude each other/],
    [{ hops: 2, trust: [['10.0.0.0/8']] }, /--hops and --trust exclude each other/],
    [{ trust: [['10.0.0.0/8'], ['::/0']] }, /^--trust: expected .* IPv4, got "::\/0"$/],
  ]
  for (const [given, message] of wrong) t.throws(() => backend(given), { name: 'RangeError', message })
})

t.test('options of one packet backend choose it; those of both leave the choice to the kernel', async t => {
  t.equal(backend({}).name, 'bpf or iptables')
  t.match(backend({ match: 'http' }).name, /^iptables/)
  t.match(backend({ uwsgi: 'REMOTE_ADDR', match: 'http' }).name, /^bpf or iptables$/)
  t.match(backend({ uwsgi: 'REMOTE_ADDR' }).name, /^bpf program/)
  t.match(backend({ packets: 'iptables' }).name, /^iptables/)
})

t.test('a bpf backend without its object names what is missing', async t => {
  for (const given of [{ packets: 'bpf' }, { uwsgi: 'REMOTE_ADDR' }] as const) {
    await t.rejects(backend(given).open([]), {
      exitCode: 69,
      message: /\/nowhere\/xff-ban\.bpf\.o is missing \(make dist puts it there\)/,
    })
  }
  t.same(said, [], 'nothing is said of what did not begin')
})

t.test('bpf takes every prefix but an IPv6 one that holds all of IPv4', async t => {
  const { refuses } = backend({ packets: 'bpf' })
  for (const ip of [
    '203.0.113.0/24',
    '2001:db8:5::/64',
    '2001:db8::/32',
    '0.0.0.0/1',
    '::ffff:0:0/97',
    '::/96',
  ]) {
    t.equal(refuses(ip), undefined, ip)
  }
  for (const ip of ['::/0', '::/8', '::/80', '::fffe:0:0/95', '::/95']) {
    t.equal(refuses(ip) !== undefined, ip !== '::/95', ip)
  }
})

t.test('where neither bpf nor iptables can be had, both are named with what they lack', async t => {
  const { PATH } = process.env
  t.teardown(() => Object.assign(process.env, { PATH }))
  process.env.PATH = t.testdirName
  await t.rejects(backend({}).open([]), {
    exitCode: 69,
    message:
      /^neither way of banning at --port can be had\. bpf: .*bpftool is not installed.*\. iptables: .*not installed\. .*packages/,
  })
})

t.test('hits are not told as 0 where nothing counts them', async t => {
  t.equal(await backend({}).hits?.(), undefined, 'bpf or iptables, and not bpf')
  t.equal(backend({ packets: 'iptables' }).hits, undefined)
})
