/** list, ban, unban and flush, with a running xff-ban and without one. */

import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import t from 'tap'
import { ask, askStatus } from '../../../lib/xff-ban/control/client.js'
import { withSocketPath } from '../../../lib/xff-ban/control/socket-path.js'
import { bundle } from '../../support/commands.js'
import { tempDir } from '../../support/temp-dir.js'
import { waitFor } from '../../support/wait-for.js'

const BAN = '{"type":"ban","ip":"203.0.113.1","last":{"status":404,"method":"GET","uri":"/\\u001b[31m"}}\n'

/** A jail that the commands are used on; `start` lets one run. */
function jailAt(t: Parameters<typeof tempDir>[0]) {
  const dir = tempDir(t)
  const state = ['--state', join(dir, 'jail.jsonl')]
  const bans = join(dir, 'bans')
  const files = ['--dir', bans]
  const xffBan = (...args: string[]) =>
    execa(bundle('xff-ban'), [...args, ...state], { reject: false, input: '' })
  return {
    state,
    dir,
    bans,
    files,
    socket: join(dir, 'jail.sock'),
    xffBan,
    records: async (...args: string[]) =>
      (await xffBan(...args)).stdout
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line)),
    async start(...options: string[]) {
      const child = execa(bundle('xff-ban'), [...files, ...state, ...options], { reject: false })
      t.teardown(() => child.kill('SIGKILL'))
      child.stdin.write(BAN)
      // the journal is written last: who is killed before has banned without it
      await waitFor(
        'its first ban and its socket',
        () =>
          statSync(join(dir, 'jail.sock')).isSocket() &&
          readFileSync(join(dir, 'jail.jsonl'), 'utf8').includes('203.0.113.1'),
      )
      return { child }
    },
  }
}

t.test('who asks for the status gets it, and those who ask for a list get no status', async t => {
  const { dir, socket, files, start } = jailAt(t)
  const { child } = await start('--blind', '1')
  const first = await askStatus(socket)
  t.match(first, {
    type: 'status',
    way: `files in ${files[1]}`,
    in_force: 1,
    held: 0,
    bans: 1,
    max_bans: 20_000,
  })
  t.ok(first?.since && first.heard && first.time)
  let written = ''
  child.stdout.on('data', chunk => {
    written += chunk
  })
  await waitFor('the silence of the log', () => written.includes('"blind"'))
  const tally = { type: 'tally', failures: 0, errors: 0, clients: 0 }
  for (const [time, requests] of [
    ['14:00:00', 0],
    ['14:00:10', 55],
  ])
    child.stdin.write(`${JSON.stringify({ ...tally, time: `2026-11-22T${time}Z`, requests })}\n`)
  await waitFor('the tallies', async () => (await askStatus(socket))?.rate === 5.5)
  t.match(await ask(socket, []), [{ type: 'ban' }])
  t.equal(await askStatus(join(dir, 'none.sock')), undefined)
  child.stdin.end()
  const { exitCode, stderr } = await child
  t.equal(exitCode, 0)
  t.match(stderr, /nothing came from the log for 1 s/)
  const records = written
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.match(
    records.filter(({ type }) => type === 'problem'),
    [{ kind: 'blind' }, { kind: 'blind', until: String }],
  )
})

t.test('list, ban, unban and flush are carried out by the running xff-ban', async t => {
  const { bans, socket, xffBan, records, start, dir } = jailAt(t)
  const { child } = await start()
  t.equal(statSync(socket).mode & 0o777, 0o600)
  t.same(
    readdirSync(dir).sort(),
    ['bans', 'jail.clock', 'jail.jsonl', 'jail.lock', 'jail.sock'],
    'nothing else lies about',
  )

  t.match(await records('ban', '203.0.113.2', '2001:DB8::1'), [
    { type: 'ban', ip: '203.0.113.2', count: 1 },
    { type: 'ban', ip: '2001:db8::1', count: 1 },
  ])
  t.same(readdirSync(bans).sort(), ['2001:db8::1', '203.0.113.1', '203.0.113.2'])
  const [long] = await records('ban', '203.0.113.3', '--time', '2h')
  t.ok(Math.abs(Date.parse(long.until) - Date.parse(long.time) - 7_200_000) < 60_000)
  t.match(await records('list'), [
    { type: 'ban', ip: '203.0.113.1' },
    { ip: '203.0.113.2' },
    { ip: '2001:db8::1' },
    { ip: '203.0.113.3' },
  ])
  t.match(await records('unban', '203.0.113.2'), [{ type: 'unban', ip: '203.0.113.2', reason: 'asked' }])
  t.match(await xffBan('unban', '203.0.113.2'), {
    exitCode: 0,
    stdout: '',
    stderr: /"203.0.113.2": not banned/,
  })
  t.match(await xffBan('ban', '127.0.0.1', '203.0.113.4'), {
    exitCode: 64,
    stdout: /^{"type":"ban".*"203.0.113.4".*}$/,
    stderr: /refused to ban "127.0.0.1": loopback/,
  })
  t.match(await records('flush'), [{ type: 'unban' }, {}, {}, {}])
  t.same(readdirSync(bans), [])
  child.stdin.end()
  const { exitCode, stdout, stderr } = await child
  t.equal(exitCode, 0, 'and it goes on as ever')
  t.equal(stdout.split('\n').length, 10, 'whoever reads its output is told all of it')
  t.match(stderr, /5 bans, 5 unbans, .* 1 duplicate, 1 refused$/)
  t.same(readdirSync(dir).sort(), ['bans', 'jail.clock', 'jail.jsonl', 'jail.lock'])
})

t.test(
  'a list is banned and lifted by the running xff-ban, and another time it lengthens its bans',
  async t => {
    const { bans, dir, xffBan, records, start } = jailAt(t)
    const { child } = await start()
    const list = join(dir, 'drop.txt')
    const ips = Array.from({ length: 2_500 }, (_, i) => `198.51.${100 + (i >> 8)}.${i & 255}`)
    writeFileSync(list, ['203.0.113.1', ...ips, '127.0.0.1'].join('\n'))
    const first = await xffBan('ban', `@${list}`, '--for', '2h')
    t.match(first, { exitCode: 0, stderr: 'xff-ban: refused to ban "127.0.0.1": loopback is never banned' })
    t.equal(first.stdout.split('\n').length, 2_501)
    t.equal(readdirSync(bans).length, 2_501)
    t.match(
      await records('ban', '203.0.113.1', '--for', '1h'),
      [{ reason: 'listed in drop.txt' }],
      'not shortened',
    )
    const [before] = await records('list')
    const [renewed] = await records('ban', `@${list}`, '--for', '1d', '--reason', 'still there')
    t.match(renewed, { ip: '203.0.113.1', reason: 'still there', count: 1 })
    t.equal(Date.parse(renewed.until) - Date.parse(before.until) > 21 * 3_600_000, true)
    t.equal(
      Math.trunc(statSync(join(bans, '203.0.113.1')).mtimeMs / 1000),
      Math.trunc(Date.parse(renewed.until) / 1000),
      'what enforces it knows the new end',
    )
    t.equal((await records('unban', `@${list}`)).length, 2_501)
    t.same(readdirSync(bans), [])
    child.stdin.end()
    t.equal((await child).exitCode, 0)
  },
)

t.test('who is allowed is kept by the running xff-ban, and by the next one', async t => {
  const { bans, files, xffBan, records, start } = jailAt(t)
  const { child } = await start()
  t.match(await records('ban', '203.0.113.2', '--reason', 'a test', '--by', 'alice'), [
    { type: 'ban', ip: '203.0.113.2', reason: 'a test', by: 'alice' },
  ])
  t.match(await records('allow', '203.0.113.0/24', '--for', '2d', '--note', 'the office'), [
    { type: 'allow', ip: '203.0.113.0/24', note: 'the office', by: /./, until: /^20/ },
  ])
  t.same(readdirSync(bans), [], 'what was banned is not any more')
  t.match(await xffBan('ban', '203.0.113.1'), {
    exitCode: 64,
    stderr: /refused to ban "203.0.113.1": allowed: 203.0.113.0\/24 until 20.* by .*\(the office\)/,
  })
  t.match(await records('unban', '198.51.100.7', '--for', '1d', '--by', 'bob'), [
    { type: 'unban', ip: '198.51.100.7', by: 'bob', until: /^20/ },
  ])
  t.match(await xffBan('allow', '1.0.0.0/8'), { exitCode: 64, stderr: /wider than \/16/ })
  t.match(await xffBan('disallow', '203.0.113.9'), { exitCode: 0, stderr: /"203.0.113.9": not allowed/ })
  const allowed = [
    { type: 'unban', ip: '198.51.100.7' },
    { type: 'allow', ip: '203.0.113.0/24' },
  ]
  t.match(await records('allowed'), allowed, 'the one that ends first in front')
  t.same(await records('flush'), [], 'nobody is banned')
  t.match(await records('allowed'), allowed, 'flush is for bans')
  child.kill('SIGKILL')
  await child
  t.match(await records('allowed'), allowed, 'as the journal has it')
  t.match(await xffBan('ban', '203.0.113.1', ...files), { exitCode: 64, stderr: /allowed: 203/ })
  t.match(await records('disallow', '203.0.113.0/24', ...files), [{ type: 'disallow', reason: 'asked' }])
  t.match(await records('ban', '203.0.113.1', ...files), [{ type: 'ban', ip: '203.0.113.1' }])
})

t.test('what is held back is listed, released and dropped by the running xff-ban', async t => {
  const { bans, xffBan, records, start } = jailAt(t)
  t.match(await xffBan('release'), { exitCode: 69, stderr: /no xff-ban of this name is running/ })
  const { child } = await start('--brake', '5%', '--hold', '1h')
  const time = new Date().toISOString()
  child.stdin.write(
    `{"type":"tally","time":"${time}","requests":90,"failures":90,"errors":0,"clients":30}\n` +
      Array.from({ length: 24 }, (_, i) => `{"type":"ban","ip":"198.51.100.${i}"}\n`).join(''),
  )
  const held = async () => (await records('list')).filter(({ type }) => type === 'held').map(({ ip }) => ip)
  await waitFor('what is held back', async () => (await held()).length === 5)
  t.same(
    await held(),
    [19, 20, 21, 22, 23].map(n => `198.51.100.${n}`),
  )
  t.match(await records('release', '198.51.100.20'), [{ type: 'ban', ip: '198.51.100.20', count: 1 }])
  t.ok(readdirSync(bans).includes('198.51.100.20'))
  t.match(await records('drop', '198.51.100.21'), [{ type: 'held', ip: '198.51.100.21' }])
  t.match(await xffBan('drop', '198.51.100.21'), { exitCode: 0, stderr: /"198.51.100.21": not held back/ })
  t.match(await records('release'), [{ type: 'ban', ip: '198.51.100.19' }, { type: 'ban' }, { type: 'ban' }])
  t.same(await records('drop'), [])
  t.equal(readdirSync(bans).length, 24)
  child.stdin.write('{"type":"ban","ip":"198.51.100.50"}\n')
  await waitFor('another one', async () => (await held()).length === 1)
  await xffBan('flush')
  t.same([await records('list'), readdirSync(bans)], [[], []], 'flush drops what is held back')
  child.stdin.write('{"type":"ban","ip":"198.51.100.51"}\n')
  await waitFor('one more', async () => (await held()).length === 1)
  child.stdin.end()
  t.match((await child).stderr, /1 ban still held back: forgotten, .*, 1 held$/s)
})

t.test('an unban of an address inside a banned prefix says that it is still refused', async t => {
  const { dir, state } = jailAt(t)
  const xffBan = (...args: string[]) =>
    execa(bundle('xff-ban'), [...args, '--on-ban', 'true', '--on-unban', 'true', ...state], {
      reject: false,
      input: '',
    })
  t.match(await xffBan('ban', '203.0.113.0/24', '203.0.113.7', '2001:db8::/48'), { exitCode: 0 })
  const both = await xffBan('unban', '203.0.113.7')
  t.match(both, {
    exitCode: 1,
    stderr: /own ban has ended, but it is still refused: 203.0.113.0\/24 is banned until 20/,
  })
  t.match(readFileSync(join(dir, 'jail.jsonl'), 'utf8'), /"unban".*"203.0.113.7"/)
  t.match(await xffBan('unban', '203.0.113.8'), {
    exitCode: 1,
    stderr: /: it is still refused: 203.0.113.0\/24 is/,
  })
  t.match(await xffBan('unban', '2001:db8:0:1::/64'), {
    exitCode: 1,
    stderr: /2001:db8::\/48 is banned until/,
  })
  t.match(await xffBan('unban', '203.0.114.7'), { exitCode: 0, stderr: /not banned/ })
  t.match(await xffBan('unban', '203.0.113.0/24'), { exitCode: 0, stdout: /"unban"/ })
  t.match(await xffBan('unban', '203.0.113.8'), { exitCode: 0, stderr: /not banned/ })
})

t.test('list, ban, unban and flush work without a running xff-ban', async t => {
  const { dir, bans, files, xffBan, records, start } = jailAt(t)
  t.match(await xffBan('list'), {
    exitCode: 66,
    stderr: /no xff-ban of this name is running, and its journal .*ENOENT/,
  })
  t.match(await xffBan('ban', '203.0.113.2'), {
    exitCode: 64,
    stderr: /no xff-ban .* running: expected one of --port/,
  })
  t.same(readdirSync(dir), [], 'nothing is made')
  const { child: killed } = await start()
  killed.kill('SIGKILL')
  await killed
  t.match(await records('list'), [{ ip: '203.0.113.1' }], 'the journal is enough, beside a dead socket')
  t.match(await records('ban', '203.0.113.2', ...files), [{ type: 'ban', ip: '203.0.113.2' }])
  t.same(readdirSync(bans).sort(), ['203.0.113.1', '203.0.113.2'])
  t.match(await records('unban', '203.0.113.1', ...files), [{ type: 'unban', ip: '203.0.113.1' }])
  t.match(await xffBan('ban', '127.0.0.1', ...files), { exitCode: 64, stderr: /refused to ban "127.0.0.1"/ })
  t.match(await records('list'), [{ ip: '203.0.113.2' }])
  t.match(await records('flush', ...files), [{ type: 'unban', ip: '203.0.113.2' }])
  t.same(readdirSync(bans), [])
  t.same(await records('list'), [])
  t.match(await records('ban', '203.0.113.9', '--dry-run'), [{ type: 'ban', ip: '203.0.113.9' }])
  t.same(await records('list'), [], 'a rehearsal is none')
})

t.test('list prints a table on a terminal', async t => {
  const { dir, start } = jailAt(t)
  await start()
  const line = `${bundle('xff-ban')} list --state ${join(dir, 'jail.jsonl')}`
  const { stdout } = await execa('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    input: '',
  })
  const [head, row, ...more] = stdout.split(/\r?\n/)
  t.equal(head?.replaceAll(/ +/g, ' '), 'BANNED ENDS IN UNTIL COUNT FAILURES THE LAST OF THEM')
  t.match(
    row,
    /^203\.0\.113\.1 +(1h 00m|59m \d\ds) +\d{4}-.*Z +1 +404 GET \/\\u\{1b\}\[31m$/,
    'text of the log is escaped',
  )
  t.same(more, [])
})

t.test('a flush of more bans than fit into one request ends all of them', async t => {
  const { bans, records, start } = jailAt(t)
  const { child } = await start()
  for (let n = 0; n < 2_500; n++) child.stdin.write(`{"type":"ban","ip":"198.51.${n >> 8}.${n & 255}"}\n`)
  await waitFor('the last ban', () => readFileSync(join(bans, '198.51.9.195')))
  t.equal((await records('list')).length, 2_501)
  t.equal((await records('flush')).length, 2_501)
  t.same(readdirSync(bans), [])
})

t.test('misuse of the control socket is refused, and does not keep xff-ban from ending', async t => {
  const { socket, records, start } = jailAt(t)
  const { child } = await start()
  const send = async (input: string) => {
    const client = await connectTo(socket)
    client.end(input)
    return await text(client).catch(() => 'gone')
  }
  const reasons = (answer: string) =>
    answer
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line).reason)
  t.same(
    reasons(await send('{"type":"request","time":null,"ip":null}\nx\nnull\n{"type":"ban","ip":"x"}\n')),
    ['not a ban or unban or allow or disallow or release or drop', 'not JSON', 'not a record', 'bad ip'],
  )
  t.same(reasons(await send('{"type":"unban","ip":"198.51.100.1"}\n'.repeat(1_002))).slice(999), [
    'not banned',
    'too many',
    'too many',
  ])
  // what looks like a prefix and is none
  const wrong = ['1.2.3.4/33', '::ffff:0:0/95', '2001:db8::/129', '1.2.3.4/032']
  const orders = wrong.flatMap(ip => [`{"type":"ban","ip":"${ip}"}\n`, `{"type":"unban","ip":"${ip}"}\n`])
  for (const reason of reasons(await send(orders.join('')))) t.match(reason, /^(not an address|bad ip)$/)
  t.match(await send('x'.repeat(3_000_000)), /^(gone|)$/)
  // those who are silent take no place from others, up to a bound
  const silent = await Promise.all(Array.from({ length: 10 }, () => connectTo(socket)))
  t.teardown(() => silent.map(client => client.destroy()))
  t.equal((await records('list')).length, 1)
  child.stdin.end()
  t.equal((await child).exitCode, 0, 'nor do they keep it from ending')
})

/** A connection to a socket, whose path may be too long for an address. */
async function connectTo(socket: string): Promise<Socket> {
  return await withSocketPath(socket, async path => {
    const client = connect(path)
    client.on('error', () => {})
    await once(client, 'connect')
    return client
  })
}
