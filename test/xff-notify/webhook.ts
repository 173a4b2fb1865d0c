/** Posts as a real HTTP server gets them from the command. */
import { execa } from 'execa'
import t from 'tap'
import { bundle } from '../support/commands.js'
import { httpServer } from '../support/loopback.js'

const RECORDS = [
  '{"type":"ban","ip":"203.0.113.5","count":1}',
  '{"type":"unban","ip":"203.0.113.5","reason":"expired"}',
  '{"type":"hit","ip":"2001:db8:5::/64","hits":7,"more":"€"}',
  '{"type":"held","ip":"203.0.113.9","reason":"21 of 100 clients","falls":"2026-11-22T07:17:42.000Z"}',
]
const input = `${RECORDS.join('\n')}\n`

const notify = (url: string, ...args: string[]) =>
  execa(bundle('xff-notify'), ['--webhook', url, '--gather', '3600', ...args], {
    input,
    reject: false,
    stripFinalNewline: false,
  })

t.test('a webhook gets all records in one post, unchanged', async t => {
  const http = await httpServer(204)
  t.teardown(http.close)
  const { stdout, exitCode } = await notify(`http://127.0.0.1:${http.port}/hook?key=1`)
  t.equal(exitCode, 0)
  t.equal(stdout, input)
  t.match(http.got, [
    { method: 'POST', url: '/hook?key=1', headers: { 'content-type': 'application/x-ndjson' }, body: input },
  ])
  await notify(`http://me:p%40ss@127.0.0.1:${http.port}/`, '--webhook-format', 'array')
  t.match(http.got[1], {
    headers: { 'content-type': 'application/json', authorization: 'Basic bWU6cEBzcw==' },
  })
  t.same(
    JSON.parse(http.got[1]?.body ?? ''),
    RECORDS.map(line => JSON.parse(line)),
  )
})

t.test('a webhook that answers 503 or 429 is tried again', async t => {
  const http = await httpServer(503, 429, 200)
  t.teardown(http.close)
  const { stderr } = await notify(`http://127.0.0.1:${http.port}/`, '--linger', '60')
  t.same(
    http.got.map(({ body }) => body),
    [input, input, input],
  )
  t.match(
    stderr,
    /the server answered 503; 4 waiting, next attempt in 1 s\n.*the server answered 429;.*\n.*4 sent in 1, /,
  )
})

t.test('a webhook that answers 400 or redirects is given up, and no secret of its URL is shown', async t => {
  for (const status of [400, 307]) {
    const http = await httpServer(status)
    t.teardown(http.close)
    const { stderr } = await notify(`http://me:s3cret@127.0.0.1:${http.port}/T0/B0/s3cret?key=s3cret`)
    t.equal(http.got.length, 1)
    t.match(
      stderr,
      new RegExp(
        `^xff-notify: webhook 127\\.0\\.0\\.1:\\d+: refused: the server answered ${status}; 4 records discarded\n`,
      ),
    )
    t.notMatch(stderr, /s3cret/)
  }
})

t.test('what was read is posted although nobody reads on', async t => {
  const http = await httpServer(204)
  t.teardown(http.close)
  const child = execa(bundle('xff-notify'), ['--webhook', `http://127.0.0.1:${http.port}/`], {
    reject: false,
  })
  child.stdout.destroy()
  child.stdin.on('error', () => {}).end(input)
  t.equal((await child).exitCode, 0)
  t.equal(http.got[0]?.body, input)
})
