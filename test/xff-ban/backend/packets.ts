import t from 'tap'
import { compileMatch } from '../../../lib/xff-ban/backend/iptables/match.js'
import { type PacketWishes, packetBackend } from '../../../lib/xff-ban/backend/packets.js'

const said: string[] = []
const WISHES: PacketWishes = {
  ...{
    packets: 'auto',
    onlyBpf: [],
    onlyIptables: [],
    dev: [],
    hops: undefined,
    trust: [],
    uwsgi: undefined,
  },
  ...{ field: 'X-Forwarded-For', answer: '403', hits: false, object: '/nowhere/xff-ban.bpf.o' },
  ...{ now: () => 1_795_000_000_000, warn: message => said.push(message) },
}
const IPTABLES = {
  ...{ ports: [3031], name: 'xff-ban', chain: 'INPUT', protocol: 'tcp', match: compileMatch('http', false) },
  ...{ hint: '', block: undefined, mark: 1, warn: () => {} },
}
const backend = (wishes: Partial<PacketWishes>) => packetBackend({ ...WISHES, ...wishes }, IPTABLES)

t.test('what one way does not understand, it does not take', async t => {
  const wrong: [Partial<PacketWishes>, RegExp][] = [
    [{ packets: 'bpf', onlyIptables: ['--match'] }, /^--match: not with --packets bpf$/],
    [
      { packets: 'iptables', onlyBpf: ['--hops', '--dev'] },
      /^--hops and --dev: not with --packets iptables$/,
    ],
    [{ packets: 'iptables', hits: true }, /^--hits: not with --packets iptables$/],
    [{ uwsgi: 'REMOTE_ADDR', onlyBpf: ['--header', '--uwsgi'] }, /--header and --uwsgi exclude each other/],
    [{ hops: 2, trust: ['10.0.0.0/8'] }, /--hops and --trust exclude each other/],
    [{ trust: ['10.0.0.0/8', '::/0'] }, /^--trust: expected .* IPv4, got "::\/0"$/],
  ]
  for (const [wishes, message] of wrong) t.throws(() => backend(wishes), { name: 'RangeError', message })
})

t.test('options of one side ask for it; those of both leave the choice', async t => {
  t.equal(backend({}).name, 'bpf or iptables')
  t.match(backend({ onlyIptables: ['--match'] }).name, /^iptables/)
  t.match(backend({ onlyBpf: ['--uwsgi'], onlyIptables: ['--match'] }).name, /^bpf or iptables$/)
  t.match(backend({ onlyBpf: ['--uwsgi'] }).name, /^bpf program/)
  t.match(backend({ packets: 'iptables' }).name, /^iptables/)
})

t.test('without object, tools or kernel, what is missing is said', async t => {
  for (const wishes of [{ packets: 'bpf' }, { onlyBpf: ['--uwsgi'] }] as const) {
    await t.rejects(backend(wishes).open([]), {
      name: 'Error',
      exitCode: 69,
      message: /\/nowhere\/xff-ban\.bpf\.o is missing \(make dist puts it there\)/,
    })
  }
  t.same(said, [], 'nothing is said of what did not begin')
})

t.test('prefixes: all but what would take in IPv4 by the way', async t => {
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
