import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { bundle, withCommands } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'

t.test('ignored ranges are read anew on SIGHUP, and stay when they cannot be', async t => {
  const file = join(tempDir(t), 'ignored')
  writeFileSync(file, '203.0.113.1\n')
  const child = execa(bundle('xff-window'), ['--max', '1', '--ignore', `@${file}`], {
    env: withCommands(),
    buffer: false,
  })
  const said = child.stderr[Symbol.asyncIterator]()
  const bans = child.stdout[Symbol.asyncIterator]()
  const failure = (n: number) =>
    child.stdin.write(`{"type":"request","time":"2026-11-22T14:00:00Z","ip":"203.0.113.${n}"}\n`)
  failure(1)
  failure(2)
  t.match(String((await bans.next()).value), /^[^\n]*"203.0.113.2"[^\n]*\n$/)
  writeFileSync(file, '203.0.113.2\n')
  child.kill('SIGHUP')
  t.match(String((await said.next()).value), /ranges reloaded/)
  failure(2)
  failure(1)
  t.match(String((await bans.next()).value), /^[^\n]*"203.0.113.1"[^\n]*\n$/)
  writeFileSync(file, 'no range\n')
  child.kill('SIGHUP')
  t.match(String((await said.next()).value), /ranges not reloaded: .*"no range"/)
  child.stdin.end()
  t.match(String((await said.next()).value), /3 ignored|2 ignored/, 'the closing line')
  await Promise.all([said.next(), bans.next(), child])
})

t.test('rules are read anew on SIGHUP, keep their counts, and stay when they cannot be read', async t => {
  const file = join(tempDir(t), 'rules')
  writeFileSync(file, 'probe: path=/x max=3\nother: path=/y max=2\n')
  const child = execa(bundle('xff-window'), ['--only-rules', '--rule', `@${file}`], {
    env: withCommands(),
    buffer: false,
  })
  const said = child.stderr[Symbol.asyncIterator]()
  const bans = child.stdout[Symbol.asyncIterator]()
  const failures = (count: number, uri: string) =>
    child.stdin.write(
      `{"type":"request","time":"2026-11-22T14:00:00Z","ip":"203.0.113.1","status":404,"uri":"${uri}"}\n`.repeat(
        count,
      ),
    )
  failures(2, '/x')
  failures(2, '/y')
  t.match(String((await bans.next()).value), /"rule":"other"/, 'the two are counted')
  writeFileSync(file, 'new: path=/y max=1\nprobe: path=/x max=3\n')
  child.kill('SIGHUP')
  t.match(String((await said.next()).value), /rules reloaded/)
  failures(1, '/x')
  t.match(String((await bans.next()).value), /"failures":3,.*"rule":"probe"/)
  writeFileSync(file, 'new: path=/y max=1\n  probe: path=/x max=\n')
  child.kill('SIGHUP')
  t.match(String((await said.next()).value), /rules not reloaded: .*rules:2:22: max: expected a whole number/)
  failures(1, '/y')
  t.match(String((await bans.next()).value), /"rule":"new"/)
  child.stdin.end()
  await Promise.all([said.next().then(() => said.next()), bans.next(), child])
})

t.test('networks are read anew on SIGHUP, and stay when they cannot be', async t => {
  const file = join(tempDir(t), 'networks')
  writeFileSync(file, '203.0.113.0/24 64500\n')
  const rule = 'hosting: network=AS64500 max=1'
  const child = execa(bundle('xff-window'), ['--only-rules', '--rule', rule, '--networks', file], {
    env: withCommands(),
    buffer: false,
  })
  const said = child.stderr[Symbol.asyncIterator]()
  const bans = child.stdout[Symbol.asyncIterator]()
  const failures = (...ips: string[]) => {
    for (const ip of ips)
      child.stdin.write(`{"type":"request","time":"2026-11-22T14:00:00Z","ip":"${ip}","status":404}\n`)
  }
  failures('198.51.100.1', '203.0.113.1')
  t.match(String((await bans.next()).value), /^[^\n]*"203.0.113.1"[^\n]*\n$/)
  writeFileSync(file, '198.51.100.0/24 64500\n')
  child.kill('SIGHUP')
  t.match(String((await said.next()).value), /networks reloaded/)
  failures('203.0.113.1', '198.51.100.1')
  t.match(
    String((await bans.next()).value),
    /^[^\n]*"198.51.100.1"[^\n]*\n$/,
    'what was known of both is forgotten',
  )
  writeFileSync(file, 'nothing\n')
  child.kill('SIGHUP')
  t.match(String((await said.next()).value), /networks not reloaded: .*got none.*line 1 is "nothing"/)
  failures('198.51.100.1')
  t.match(String((await bans.next()).value), /"198.51.100.1"/)
  child.stdin.end()
  await Promise.all([said.next(), bans.next(), child])
})
