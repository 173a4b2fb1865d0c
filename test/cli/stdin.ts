/** However a log comes in, the same goes out: as a file, by a pipe in pieces of any size, by a socket. */
import { once } from 'node:events'
import { createReadStream, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { bundle, FIXTURES, withCommands } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'
import { LIMIT } from '../support/wait-for.js'

const env = withCommands({ TZ: 'UTC' })
const dir = tempDir(t)
const attack = readFileSync(join(FIXTURES, 'attack/uwsgi.log'), 'latin1')
// lines longer than a piece, than a block, and than what is kept of one; and no newline at the end
const long = (size: number) => `${'x'.repeat(size)}\n`
const log = join(dir, 'log')
writeFileSync(
  log,
  `${attack}${long(70_000)}${attack}${long(300_000)}${attack}${long(600_000)}${attack.trimEnd()}`,
  'latin1',
)

t.test('input is read from a file, from pipes and from a socket', async t => {
  const shell = (line: string) => execa('bash', ['-c', line], { env, timeout: LIMIT })
  const { stdout, stderr } = await shell(`uwsgi-parse < ${log}`)
  t.equal(stdout.match(/"type":"request"/g)?.length, 3084)
  for (const size of [1, 4096, 7777, 65_536, 1_000_000]) {
    // byte by byte takes its time
    const head = size === 1 ? 100_000 : 10_000_000
    const whole = size === 1 ? await shell(`head -c ${head} ${log} | uwsgi-parse`) : { stdout, stderr }
    const piped = await shell(`head -c ${head} ${log} | dd bs=${size} status=none | uwsgi-parse`)
    t.equal(piped.stdout, whole.stdout, `in pieces of ${size} bytes`)
    t.equal(piped.stderr, whole.stderr)
  }
  const socket = execa(bundle('uwsgi-parse'), { env, timeout: LIMIT })
  createReadStream(log).pipe(socket.stdin)
  t.equal((await socket).stdout, stdout, 'by a socket')
})

t.test('a pipe that stays open is read line by line, and SIGTERM finishes what was read', async t => {
  const fifo = join(dir, 'fifo')
  await execa('mkfifo', [fifo])
  const pipe = openSync(fifo, 'r+')
  const line = `exec uwsgi-parse --tally 0 0<>'${fifo}'`
  const child = execa('bash', ['-c', line], { env, buffer: { stdout: false }, timeout: LIMIT })
  const { stdout } = child
  const [first = '', second = ''] = attack.split('\n').filter(line => line.includes(' 404) '))
  writeSync(pipe, `${first}\n${second.slice(0, 50)}`)
  const [record] = await once(stdout, 'data')
  t.equal(String(record).split('\n').length, 2, 'one record')
  // the last one lacks its newline
  writeSync(pipe, `${second.slice(50)}\n${first}\n${second}`)
  let seen = ''
  while (seen.split('\n').length < 3) seen += String(await once(stdout, 'data'))
  child.kill('SIGTERM')
  stdout.resume()
  const { exitCode, stderr } = await child
  t.equal(exitCode, 0)
  t.match(stderr, 'uwsgi-parse: 4 lines, 4 requests')
})

t.test('uwsgi-parse reads every line with the full grammar where WebAssembly cannot run', async t => {
  const run = (command: string, input: string, ...options: string[]) =>
    execa(process.execPath, [...options, bundle(command)], { env, input, timeout: LIMIT })
  const swift = await run('uwsgi-parse', attack)
  const slow = await run('uwsgi-parse', attack, '--jitless')
  t.equal(slow.stdout, swift.stdout)
  const bans = await run('xff-window', swift.stdout)
  t.match(bans.stdout, '"type":"ban"')
  t.equal((await run('xff-window', swift.stdout, '--jitless')).stdout, bans.stdout)
})
