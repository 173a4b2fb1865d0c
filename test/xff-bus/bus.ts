/** The fleet's streams on a real nats-server, that of Debian 12. */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withCommands } from '../support/commands.js'
import { bus, hasNewerNats, noNats, pipeline, setUpNats, startNats } from '../support/nats.js'
import { requestLine } from '../support/requests.js'
import { waitFor } from '../support/wait-for.js'

t.test('on Debian 12’s nats-server', { skip: noNats }, async t => {
  const now = Date.now()
  const lines = (count: number, from = 0) =>
    Array.from({ length: count }, (_, i) => requestLine({ time: now + i, uri: `/${from + i}` }))
  const readBack = async (nats: Parameters<typeof bus>[0], what = 'requests') =>
    (await bus(nats, `read ${what} --since 1d --late 1d --ahead 1d --end`)).stdout

  t.test('three logs become the bans of one process over all of them, each once', async t => {
    const nats = await setUpNats(t)
    // each client fails on every host, and nowhere often enough
    const logs = Array.from({ length: 3 }, (_, host) =>
      Array.from({ length: 40 }, (_, i) =>
        requestLine({ ip: `203.0.113.${i % 10}`, time: now - 60_000 + 100 * i + host, uri: `/${host}/${i}` }),
      ),
    )
    const read = 'xff-bus read requests $SERVER | xff-window --late 630'
    const counters = ['c1', 'c2'].map(name =>
      pipeline(t, nats, `${read} | xff-bus write bans --from ${name} $SERVER`),
    )
    const host = pipeline(t, nats, 'xff-bus read bans $SERVER | xff-ban --dry-run')
    await Promise.all(logs.map((log, i) => bus(nats, `write requests --from web${i}`, log.join(''))))
    const merged = logs.flat().sort()
    const env = withCommands()
    const { stdout } = await execa('bash', ['-c', 'xff-window'], { input: merged.join(''), env })
    const wanted = bansIn(stdout)
    t.equal(wanted.length, 10)
    await waitFor('all bans at the host', () => bansIn(host.said.stdout).length >= wanted.length)
    t.same(bansIn(host.said.stdout), wanted)
    await Promise.all(counters.map(({ end }) => end('SIGTERM')))
    t.same(bansIn(await readBack(nats, 'bans')), wanted, 'each once in the stream')
    t.same((await readBack(nats)).split('\n').sort(), ['', ...merged.map(line => line.trimEnd())].sort())

    const late = await bus(nats, 'read bans --end')
    t.same(bansIn(late.stdout), wanted, 'a host that comes later has all')
    const again = await execa(
      'bash',
      ['-c', `${read.replace('$SERVER', '$SERVER --end')} | xff-bus write bans --from c3 $SERVER`],
      {
        env: { ...env, SERVER: `--server ${nats.urls[0]}` },
      },
    )
    t.match(
      again.stderr,
      /0 decisions written/,
      'a counter that starts later decides the same, and writes nothing',
    )
  })

  t.test('a log that is read again is stored once, and a tally is no part of it', async t => {
    const nats = await setUpNats(t)
    const log = lines(2_000)
    const tally = `{"type":"tally","time":"${new Date(now).toISOString()}","requests":9,"failures":1,"errors":0,"clients":3}\n`
    t.match(
      (await bus(nats, 'write requests --from web', log.slice(0, 1_200).join(''))).stderr,
      '1200 requests written',
    )
    const again = await bus(
      nats,
      'write requests --from web',
      [tally, ...log.slice(500, 1_700), tally].join(''),
    )
    t.match(again.stderr, '500 requests written')
    t.match(again.stderr, '700 known already')
    t.notMatch(again.stderr, 'not a request')
    const gone = await bus(nats, 'write requests --from web', log.slice(1_800).join(''))
    t.match(
      gone.stderr,
      /the place where "web" was is not in this input: goes on by time, with 200 of the first 200/,
    )
    t.equal(await readBack(nats), [...log.slice(0, 1_700), ...log.slice(1_800)].join(''))
    const bad = await bus(nats, 'write requests --from web', 'nonsense\n{"type":"ban","ip":"203.0.113.7"}\n')
    t.match(bad, { exitCode: 0, stderr: /line 1: not JSON: nonsense.*line 2: not a request/s })
  })

  t.test('two writers of one name: the first is fenced off, and nothing is doubled', async t => {
    const nats = await setUpNats(t)
    writeFileSync(join(nats.dir, 'log'), lines(5).join(''))
    const first = pipeline(
      t,
      nats,
      'tail -n +1 -F log | (xff-bus write requests --from web $SERVER; echo $?)',
    )
    await waitFor('the first five', async () => (await readBack(nats)) === lines(5).join(''))
    const second = await bus(nats, 'write requests --from web', lines(10).join(''))
    t.match(second.stderr, '5 requests written')
    appendFileSync(join(nats.dir, 'log'), lines(10).slice(5).join(''))
    await waitFor('the first to give up', () => first.said.stderr.includes('another xff-bus writes as "web"'))
    await waitFor('its exit code', () => first.said.stdout === '66\n')
    t.equal(await readBack(nats), lines(10).join(''))
  })

  t.test('while the broker is away the log holds what is to come, also over a rotation', async t => {
    const nats = await setUpNats(t)
    const log = join(nats.dir, 'log')
    const written: string[] = []
    const add = (count: number) => {
      const some = lines(count, written.length)
      written.push(...some)
      appendFileSync(log, some.join(''))
    }
    add(100)
    const writer = pipeline(
      t,
      nats,
      'tail -n 100000 -F log 2>/dev/null | xff-bus write requests --from web $SERVER',
    )
    const reader = pipeline(t, nats, 'xff-bus read requests --since 1d --late 1d --ahead 1d $SERVER')
    await waitFor('the first lines', () => reader.said.stdout === written.join(''))
    await nats.kill()
    await waitFor('the writer to notice', () => writer.said.stderr.includes('the broker is away'))
    add(10_000)
    renameSync(log, `${log}.1`)
    writeFileSync(log, '')
    add(10_000)
    await nats.start()
    await waitFor('all lines', () => reader.said.stdout.length >= written.join('').length)
    t.ok(reader.said.stdout === written.join(''), 'each once and in order')
  })

  t.test('a record counts by its time and the broker’s clock alone', async t => {
    const nats = await setUpNats(t)
    const of = (name: string, time: number) => requestLine({ time, uri: `/${name}` })
    const input = [of('late', now - 3_600_000), of('good', now - 300_000), of('ahead', now + 3_600_000)].join(
      '',
    )
    await bus(nats, 'write requests --from web1', `${input}{"type":"request","time":null,"ip":null}\n`)
    const { stdout, stderr } = await bus(nats, 'read requests --end')
    t.equal(stdout, of('good', now - 300_000))
    t.match(stderr, '1 request in 1 batch, 1 late, 1 ahead, 1 without a time')
    t.match(stderr, "web1: records that are late, or ahead of the broker's clock, do not count")
    // ten hosts of which one is an hour ahead: the bans of the others fall
    const ahead = Array.from({ length: 20 }, () => requestLine({ ip: '198.51.100.1', time: now + 3_600_000 }))
    const others = Array.from({ length: 10 }, (_, i) => requestLine({ time: now - 1_000 + i }))
    await bus(nats, 'write requests --from web2', ahead.join(''))
    await bus(nats, 'write requests --from web3', others.join(''))
    const env = withCommands({ SERVER: `--server ${nats.urls[0]}` })
    const { stdout: bans } = await execa(
      'bash',
      ['-c', 'xff-bus read requests --end $SERVER | xff-window --late 630'],
      { env },
    )
    t.same(bansIn(bans), ['203.0.113.7'])
  })

  t.test('what people write has a time, is written once, and what is no decision is passed over', async t => {
    const nats = await setUpNats(t)
    const input = [
      '{"type":"ban","ip":"203.0.113.7"}',
      '{"type":"unban","time":"2026-11-22T14:06:08.000Z","ip":"203.0.113.8"}',
      '{"type":"unban","time":"2026-11-22T14:06:08.000Z","ip":"203.0.113.8","reason":"asked"}',
      '{"type":"unban","time":"2026-11-22T14:06:09.000Z","ip":"203.0.113.8","reason":"expired"}',
      '{"type":"hit","ip":"203.0.113.8","hits":3}',
      '{"type":"request","time":null,"ip":null}',
      'nonsense',
    ]
    const { stderr } = await bus(nats, 'write bans --from ops', `${input.join('\n')}\n`)
    t.match(stderr, /2 decisions written in \d batch(es)?, 1 known already/)
    t.match(stderr, /line 6: not a .*line 7: not JSON/s)
    const records = (await readBack(nats, 'bans'))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    t.match(records, [
      { type: 'ban', ip: '203.0.113.7', time: /^20/ },
      { type: 'unban', ip: '203.0.113.8' },
    ])
  })

  t.test('without streams, or a server, a command says what to do', async t => {
    const nats = await startNats(t)
    t.match(await bus(nats, 'status'), {
      exitCode: 69,
      stderr: /XFF_app_REQUESTS is not there: run xff-bus setup/,
    })
    const three = await bus(nats, 'setup --replicas 3')
    t.match(three, {
      exitCode: 69,
      stderr: /--replicas 3: needs nats-server 2\.10\.27 or newer, 127\.0\.0\.1:\d+ is 2\.9/,
    })
    const newer = hasNewerNats ? await startNats(t, { isNewer: true }) : undefined
    if (newer) {
      const mixed = await bus({ urls: [...newer.urls, ...nats.urls] }, 'setup --replicas 3')
      t.match(mixed, { exitCode: 69, stderr: /:\d+ is 2\.9/ }, 'one older one among the servers')
    }
    await nats.kill()
    t.match(await bus(nats, 'setup'), { exitCode: 69, stderr: /cannot use the broker at nats:/ })
  })

  t.test('status tells what is stored, and who is silent', async t => {
    const nats = await setUpNats(t)
    await bus(nats, 'write requests --from web1', lines(3).join(''))
    const { stdout } = await bus(nats, 'status')
    t.match(JSON.parse(stdout), {
      logs: [
        { log: 'requests', batches: 2, replicas: 1 },
        { log: 'bans', batches: 0, newest: null },
      ],
      hosts: [{ host: 'web1', silent: false, wrong: false }],
    })
    const reader = pipeline(t, nats, 'xff-bus read requests --from count1 $SERVER')
    await waitFor('what it reads', () => reader.said.stdout.length > 0)
    const [requests] = JSON.parse((await bus(nats, 'status')).stdout).logs
    t.same(requests.readers, [{ reader: 'count1', behind: 0 }])
  })

  t.test('metrics tell whether the broker is there, and what became of the records', async t => {
    const nats = await setUpNats(t)
    const file = join(nats.dir, 'shop.prom')
    await bus(nats, `write requests --from web1 --metrics ${file}`, lines(3).join(''))
    t.match(readFileSync(file, 'utf8'), /xff_bus_write_requests_written_total\{jail="shop"\} 3/)
    await bus(nats, `read requests --end --metrics ${file}`)
    const text = readFileSync(file, 'utf8')
    t.match(text, /xff_bus_read_requests_requests_total\{jail="shop"\} 3/)
    t.match(text, /xff_bus_read_requests_connected\{jail="shop"\} 1/)
    t.match(text, /xff_bus_read_requests_(silent|wrong)_hosts\{jail="shop"\} 0/)
    const current = Number(/xff_bus_read_requests_current_seconds\{.*\} (.*)/.exec(text)?.[1])
    t.ok(Math.abs(current - Date.now() / 1000) < 60, `${current}`)
  })
})

/** Whom these lines ban, in order of the addresses. */
function bansIn(text: string): string[] {
  return text
    .split('\n')
    .flatMap(line => (line.startsWith('{"type":"ban"') ? [JSON.parse(line).ip as string] : []))
    .sort()
}
