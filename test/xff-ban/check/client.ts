/** Whose a request is, by what uwsgi-parse says of its line and by where it was sent from. */
import t from 'tap'
import { judgeClient } from '../../../lib/xff-ban/check/client.js'

const MAY_BE_BANNED = () => undefined
const read = (ip: string | null, ...hops: string[]) => ({ ip, status: 200, isDated: true, hops })

t.test('the address from which it was sent is the client, whatever it is', async t => {
  t.match(judgeClient(read('203.0.113.7'), { from: '203.0.113.7' }, MAY_BE_BANNED), { ok: true })
  const own = judgeClient(read('10.0.0.2'), { from: '10.0.0.2' }, () => 'private range 10.0.0.0/8')
  t.match(own, { ok: true, what: /as such it is never banned: private range/ })
  // even where it is an edge, as for a check from a machine in such a cloud
  t.match(judgeClient(read('172.64.0.1'), { from: '172.64.0.1' }, MAY_BE_BANNED), { ok: true })
})

t.test('behind a router it is another one, which may be true', async t => {
  const judged = judgeClient(read('203.0.113.7'), { from: '192.168.1.5' }, MAY_BE_BANNED)
  t.match(judged, { ok: true, what: /should be the address by which 192\.168\.1\.5 is known outside/ })
})

t.test('who is none is told by what stands there', async t => {
  const cases = [
    [read(null, 'x: no address', '=> unknown: nobody is counted for it'), /names no client: x: no address$/],
    [{ ...read('203.0.113.7'), isDated: false }, /does not say when it was/],
    [read(null, '172.64.0.1: ours'), /names no client: 172\.64\.0\.1: ours$/],
    [read('172.64.0.1'), /is an edge of cloudflare, and not the client/],
    [
      read('198.51.100.80', '198.51.100.80: the client', '203.0.113.7: not looked at'),
      /is a proxy that stands in front/,
    ],
    [read('198.51.100.80', '198.51.100.80: the client'), /but the request was sent from 203\.0\.113\.7/],
  ] as const
  for (const [reading, what] of cases)
    t.match(judgeClient(reading, { from: '203.0.113.7' }, MAY_BE_BANNED), { ok: false, what, cure: /./ })
  const front = judgeClient(read('10.0.0.1'), { from: '203.0.113.7' }, () => 'private range 10.0.0.0/8')
  t.match(front, {
    ok: false,
    what: /^10\.0\.0\.1, and not 203\.0\.113\.7: private range/,
    cure: /log-x-forwarded-for/,
  })
})

t.test(
  'where trusted proxies alone are in the log, it is told from a request that went round the front',
  async t => {
    const cureOf = (from: string, ...hops: string[]) =>
      judgeClient(read(null, ...hops), { from }, MAY_BE_BANNED).cure
    t.match(
      cureOf('203.0.113.7', '172.64.0.1: ours'),
      /^trusted proxies alone are in the log: .*set_real_ip_from/,
    )
    t.match(
      cureOf('127.1.2.3', '10.0.0.1: ours', '127.1.2.3: ours'),
      /^--trust holds 127\.1\.2\.3, .*by which clients/,
    )
    t.match(cureOf('203.0.113.7', '10.0.0.1: ours', 'x: no address'), /^nobody is banned for such a line/)
  },
)
