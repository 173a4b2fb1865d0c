/** The line from the README, as a shell runs it, on a log that a real uWSGI appends to. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { bundle, FIXTURES, withCommands } from './support/commands.js'
import { tempDir } from './support/temp-dir.js'
import { noUwsgi, startUwsgi } from './support/uwsgi.js'
import { waitFor } from './support/wait-for.js'

const env = withCommands({ TZ: 'UTC' })

t.test(
  'tail -F uwsgi.log | uwsgi-parse | xff-window | xff-ban, the log written by uWSGI',
  { skip: noUwsgi },
  async t => {
    const dir = tempDir(t)
    const log = join(dir, 'uwsgi.log')
    const line = `tail -n +1 -F '${log}' | uwsgi-parse | tee '${dir}/requests' | xff-window --max 10 --find 300 | tee '${dir}/bans' | xff-ban --dir '${dir}/jail' --state '${dir}/journal'`
    const url = await startUwsgi(t, { dir, log, line })
    const request = (forwarded: string) =>
      fetch(`${url}/wp-login.php`, { headers: { 'X-Forwarded-For': forwarded } })
    await waitFor('uWSGI', () => request('198.51.100.7'))
    for (let i = 0; i < 9; i++) await request('203.0.113.9, 203.0.113.5')
    const lines = () => readFileSync(join(dir, 'requests'), 'utf8').match(/^.*"request".*$/gm) ?? []
    await waitFor('ten requests', () => lines().length >= 10)
    t.notOk(existsSync(join(dir, 'jail', '203.0.113.5')), 'nine failures are no ban')
    await request('203.0.113.9, 203.0.113.5')
    await waitFor('the ban', () => readFileSync(join(dir, 'jail', '203.0.113.5')))
    t.notOk(existsSync(join(dir, 'jail', '203.0.113.9')), 'nobody is banned for what another wrote')
    t.match(JSON.parse(readFileSync(join(dir, 'bans'), 'utf8')), {
      type: 'ban',
      ip: '203.0.113.5',
      failures: 10,
    })
  },
)

t.test('a command whose reader goes away ends with success', async t => {
  const log = join(FIXTURES, 'uwsgi-parse/nginx-http/in')
  const line = `for i in $(seq 3000); do cat '${log}'; done | uwsgi-parse --all --tally 0 | head -1; echo \${PIPESTATUS[@]}`
  const { stdout, stderr } = await execa('bash', ['-c', line], { env })
  const [record = '', codes] = stdout.split('\n')
  t.match(JSON.parse(record), { type: 'request' })
  t.match(codes, /^\d+ 0 0$/)
  t.notMatch(stderr, /EPIPE|at .*:\d+:\d+/, 'no stack')
})

t.test('a command that gets SIGTERM finishes what it has read', async t => {
  const request = readFileSync(join(FIXTURES, 'uwsgi-parse/nginx-http/in'), 'utf8').match(
    /^.*404\) .*\n/m,
  )?.[0]
  const record = '{"type":"request","time":"2026-11-22T14:00:00Z","ip":"203.0.113.7"}\n'
  for (const [command, args, input] of [
    ['uwsgi-parse', ['--tally', '0'], request],
    ['xff-window', ['--max', '1'], record],
    ['xff-ban', ['--dry-run'], '{"type":"ban","ip":"203.0.113.7"}\n'],
  ] as const) {
    const child = execa(bundle(command), args, { env, buffer: false, reject: false })
    child.stdin.write(input as string)
    const [chunk] = await new Promise<Buffer[]>(resolve =>
      child.stdout.once('data', (...data) => resolve(data)),
    )
    t.match(String(chunk), /^\{.*\}\n$/, `${command} shows a line while the input stays open`)
    child.kill('SIGTERM')
    t.equal((await child).exitCode, 0, command)
  }
})
