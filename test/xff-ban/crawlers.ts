/** xff-ban crawlers believes nobody who gives his address the name of a crawler. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { askStatus } from '../../lib/xff-ban/control/client.js'
import { operatorOf } from '../../lib/xff-ban/crawlers/table.js'
import { type Lookup, reverseName, verifyCrawlers } from '../../lib/xff-ban/crawlers/verify.js'
import { bundle } from '../support/commands.js'
import { type Answer, dnsName, dnsServer, TYPES } from '../support/dns-server.js'
import { shortTempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

t.test('a name is that of a crawler by whole labels at its end', async t => {
  t.equal(operatorOf('crawl-66-249-66-1.googlebot.com'), 'Google')
  t.equal(operatorOf('MSNBOT-157-55-39-1.search.MSN.com.'), 'Bing')
  for (const name of [
    ...[
      'googlebot.com',
      'evilgooglebot.com',
      'a.evilgooglebot.com',
      'googlebot.com.evil.example',
      'a.msn.com',
    ],
    ...[
      '1.2.3.4.bc.googleusercontent.com',
      'a.googlebot.com\n',
      'a b.googlebot.com',
      '\x1b[2J.googlebot.com',
      '',
    ],
    ...[`${'a.'.repeat(200)}googlebot.com`, 'a.googlebot.c\u043em', 'a..googlebot.com', 'a.googlebot.com..'],
  ])
    t.equal(operatorOf(name), undefined, JSON.stringify(name))
})

t.test('the names of an address are kept under its digits, turned around', async t => {
  t.equal(reverseName('192.0.2.5'), '5.2.0.192.in-addr.arpa')
  t.equal(reverseName('2001:db8::567:89ab'), `b.a.9.8.7.6.5.0.${'0.'.repeat(16)}8.b.d.0.1.0.0.2.ip6.arpa`)
})

t.test('it ends in time, with bounded work, whatever the answers are', async t => {
  const ips = Array.from({ length: 2_000 }, (_, i) => `203.0.${i >> 8}.${i & 255}`)
  let clock = 0
  let most = 0
  let under = 0
  const asked: string[] = []
  const lookup: Lookup = {
    async reverse(ip) {
      most = Math.max(most, ++under)
      clock += 100
      await new Promise(setImmediate)
      under -= 1
      if (ip.endsWith('7')) throw Object.assign(new Error('no answer'), { code: 'ETIMEOUT' })
      if (ip.endsWith('8')) throw Object.assign(new Error('nothing'), { code: 'ENOTFOUND' })
      return Array.from({ length: 10_000 }, (_, i) => `a${i}.googlebot.com`)
    },
    async forward(name) {
      asked.push(name)
      return Array(10_000).fill('192.0.2.1')
    },
  }
  const { crawlers, unanswered } = await verifyCrawlers(ips, lookup, () => clock)
  t.same(crawlers, [])
  t.ok(most <= 16, `${most} at once`)
  t.ok(asked.every(name => /^a[0-4]\./.test(name)))
  t.ok(unanswered > 1_300, `${unanswered} without an answer`)
})

/** Who says what in the test. */
const NAMES: Record<string, string[] | 'silence'> = {
  '192.0.2.1': ['crawl-1.googlebot.com'],
  // a lie: the owner of the name gives another address
  '192.0.2.2': ['crawl-1.googlebot.com'],
  '192.0.2.3': ['crawl.googlebot.com.evil.example'],
  '192.0.2.4': ['x.evilgooglebot.com'],
  '192.0.2.5': 'silence',
  '192.0.2.6': Array.from({ length: 300 }, (_, i) => `n${i}.googlebot.com`),
  '192.0.2.7': ['host.example', 'msnbot-1.search.msn.com'],
}
const ADDRESSES: Record<string, string> = {
  'crawl-1.googlebot.com': '192.0.2.1',
  'crawl.googlebot.com.evil.example': '192.0.2.3',
  'x.evilgooglebot.com': '192.0.2.4',
  'msnbot-1.search.msn.com': '192.0.2.7',
}

function answer(name: string, type: number): Answer {
  const ip = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name)?.slice(1).reverse().join('.')
  const names = ip === undefined ? undefined : NAMES[ip]
  if (names === 'silence') return 'silence'
  if (type === TYPES.PTR && names) return names.map(dnsName)
  const address = ADDRESSES[name]
  if (type === TYPES.A && address) return [Buffer.from(address.split('.').map(Number))]
  return 'no such name'
}

const skip = process.getuid?.() !== 0 && 'a name server of its own takes root'

t.test('crawlers are allowed for some time by both their names, and nobody else is', { skip }, async t => {
  const dir = shortTempDir(t)
  const dns = await dnsServer(answer)
  t.teardown(dns.close)
  writeFileSync(join(dir, 'resolv.conf'), 'nameserver 127.0.0.1\n')
  const state = join(dir, 'shop.jsonl')
  const options = ['--dir', join(dir, 'bans'), '--state', state]
  const env = { NODE_OPTIONS: '' }
  const jail = execa(bundle('xff-ban'), options, { env, reject: false })
  t.teardown(() => jail.kill('SIGKILL'))
  for (const ip of [...Object.keys(NAMES), '198.51.100.7'])
    jail.stdin.write(`${JSON.stringify({ type: 'ban', ip })}\n`)
  const inForce = async () => (await askStatus(join(dir, 'shop.sock')))?.in_force
  await waitFor('the bans', async () => (await inForce()) === 8)
  // whom people allow stays as they said
  await execa(bundle('xff-ban'), ['allow', '198.51.100.7', '--by', 'alice', '--state', state], { env })

  const rename = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
  const crawlers = () =>
    execa(
      'unshare',
      ['--mount', 'bash', '-c', rename, join(dir, 'resolv.conf'), bundle('xff-ban'), 'crawlers', ...options],
      {
        env,
      },
    )
  const first = await crawlers()
  const found = first.stdout.split('\n').map(line => JSON.parse(line))
  t.match(found, [
    {
      type: 'allow',
      ip: '192.0.2.1',
      note: 'crawler of Google: crawl-1.googlebot.com',
      by: 'xff-ban crawlers',
    },
    { type: 'allow', ip: '192.0.2.7', note: 'crawler of Bing: msnbot-1.search.msn.com' },
  ])
  t.equal(found.length, 2)
  const day = Date.parse(found[0].until) - Date.parse(found[0].time)
  t.equal(Math.round(day / 3_600_000), 24)
  t.match(first.stderr, /2 crawlers among 7 addresses; 1 could not be looked up$/)
  t.notOk(
    dns.asked.some(name => name.startsWith('7.100.51.198')),
    'nobody else is asked for',
  )
  // again: they are renewed although nothing bans them any more
  t.match((await crawlers()).stderr, /2 crawlers among 7 addresses/)
  const { stdout } = await execa(bundle('xff-ban'), ['allowed', '--state', state], { env })
  t.match(stdout, /"ip":"198\.51\.100\.7".*"by":"alice"/)
  jail.stdin.end()
  await once(jail, 'exit')
})
