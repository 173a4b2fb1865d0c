/** Messages in the forms of the services, as a server of the test's own gets them from the command. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { messageOf, SERVICES } from '../../lib/xff-notify/chat.js'
import { bundle } from '../support/commands.js'
import { httpServer } from '../support/loopback.js'
import { tempDir } from '../support/temp-dir.js'

const HOSTILE = '/`<!channel>@everyone&\u202e\u001b[31m'
const ban = (i: number) =>
  JSON.stringify({
    ...{
      type: 'ban',
      ip: `203.0.113.${i % 250}`,
      failures: 10,
      until: '2026-11-22T15:00:00.000Z',
      rule: 'scanner',
    },
    last: { status: 404, method: 'GET', uri: HOSTILE },
  })
const PROBLEM = '{"type":"problem","time":"2026-11-22T14:00:00.000Z","kind":"blind","reason":"nothing came"}'

type Body = Record<string, unknown> & { text: string; content: string; message: string }

/** For each service: its URL below the server's, the longest text it takes, and where the text is. */
const FORMS = {
  slack: { path: '/services/T0/B0/s3cret', most: 4_000, text: (body: Body) => body.text },
  discord: { path: '/api/webhooks/1/s3cret', most: 2_000, text: (body: Body) => body.content },
  teams: { path: '/workflows/s3cret', most: 28_000, text: (body: Body) => JSON.stringify(body.attachments) },
  ntfy: { path: '/s3cret', most: 4_096, text: undefined },
  telegram: { path: '/bots3cret/sendMessage?chat_id=-100', most: 4_096, text: (body: Body) => body.text },
  gotify: { path: '/message?token=s3cret', most: 32_000, text: (body: Body) => body.message },
} as const

async function send(t: Parameters<typeof tempDir>[0], service: string, url: string, input: string) {
  const file = join(tempDir(t), 'secret')
  writeFileSync(file, `${url}\n`)
  const args = ['--to', `${service}:@${file}`, '--gather', '3600', '--linger', '60', '--name', 'shop']
  return await execa(bundle('xff-notify'), args, { input, reject: false, stripFinalNewline: false })
}

for (const service of SERVICES) {
  t.test(
    `${service} gets one message in its form and within its bounds, however many bans there are`,
    async t => {
      const { path, most, text } = FORMS[service]
      const http = await httpServer(200)
      t.teardown(http.close)
      const input = Array.from({ length: 900 }, (_, i) => `${ban(i)}\n`).join('')
      const { stdout, stderr, exitCode } = await send(
        t,
        service,
        `http://127.0.0.1:${http.port}${path}`,
        input,
      )
      t.equal(exitCode, 0)
      t.equal(stdout, input, 'it stands in no way')
      t.notMatch(stderr, /s3cret/)
      t.equal(http.got.length, 1)
      const [got] = http.got
      const { body = '', headers = {}, url = '' } = got ?? {}
      const told = text ? text(JSON.parse(body)) : body
      t.ok(Buffer.byteLength(told) <= most, `${Buffer.byteLength(told)} bytes`)
      t.match(told, /banned 203\.0\.113\.0 until 2026-11-22T15:00Z: rule scanner, 10 failures/)
      t.match(told, /and \d+ more/)
      t.notMatch(told, /\u001b|\u202e/, 'nothing that steers')
      t.match(headers['content-type'], service === 'ntfy' ? /^text\/plain/ : /^application\/json/)
      if (service === 'slack') t.notMatch(told, /<!channel>/, 'nobody is called')
      if (service === 'discord') t.match(JSON.parse(body), { allowed_mentions: { parse: [] } })
      if (service === 'telegram') t.match(JSON.parse(body), { chat_id: '-100' })
      if (service === 'gotify') t.equal(got?.headers['x-gotify-key'], 's3cret')
      if (service === 'telegram' || service === 'gotify') t.notMatch(url, /\?/, 'no secret in the query')
    },
  )
}

t.test('what needs a person comes at once, and apart from bans', async t => {
  const http = await httpServer(200)
  t.teardown(http.close)
  await send(t, 'ntfy', `http://127.0.0.1:${http.port}/topic`, `${ban(1)}\n${PROBLEM}\n`)
  t.equal(http.got.length, 2)
  const urgent = http.got.find(({ headers }) => headers.priority === 'high')
  t.match(urgent, {
    body: 'the log is silent: nothing came',
    headers: { title: /^shop on .*: needs somebody/ },
  })
  t.match(http.got.find(({ headers }) => headers.priority === 'default')?.body, /^banned 203/)
})

t.test('a service that asks for a pause gets it, and the message again', async t => {
  const times: number[] = []
  const server = createServer((request, response) => {
    request.resume()
    times.push(performance.now())
    if (times.length === 1) response.writeHead(429, { 'Retry-After': '2' }).end('{}')
    else response.writeHead(200).end()
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const { stderr } = await send(t, 'discord', `http://127.0.0.1:${port}/hook`, `${ban(1)}\n`)
  t.equal(times.length, 2)
  // at least: a pause is never shorter than it is asked for
  t.ok((times[1] ?? 0) - (times[0] ?? 0) >= 1_990, 'after the pause')
  t.match(stderr, /discord: 1 sent in 1/)
})

t.test('a URL is read from a file alone', async t => {
  for (const to of ['slack:https://hooks.slack.com/x', 'icq:@/dev/null', 'slack', 'telegram:@/dev/null']) {
    const { exitCode, stderr } = await execa(bundle('xff-notify'), ['--to', to], { input: '', reject: false })
    t.equal(exitCode, 64, to)
    t.notMatch(stderr, /hooks/, 'which no message shows')
  }
})

t.test('a message of one ban, and of what is over', async t => {
  const over = { type: 'problem', time: '', kind: 'backend', reason: 'x', until: 'y' } as const
  t.match(messageOf([over], 'shop', 1000), { text: 'over: bans cannot be enforced', isUrgent: true })
  t.match(messageOf([{ type: 'ban', ip: '203.0.113.7' }], 'shop', 1000), {
    title: 'shop: a ban',
    isUrgent: false,
  })
})
