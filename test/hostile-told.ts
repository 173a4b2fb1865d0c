/** Hostile records make no markup, header or command wherever people are told: the page, mails, and messages. */
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { SERVICES } from '../lib/xff-notify/chat.js'
import { noBrowser, openBrowser, visit } from './support/browser.js'
import { bundle, FIXTURES, withCommands } from './support/commands.js'
import { hostileFiles, LAST } from './support/hostile-files.js'
import { HOSTILE_NAME } from './support/hostile-records.js'
import { type Got, httpServer } from './support/loopback.js'
import { textOf } from './support/smtp.js'
import { tempDir } from './support/temp-dir.js'

const { records } = await hostileFiles(t)
const env = withCommands({ TZ: 'UTC' })
/** What steers a screen, or is not seen. */
const STEERS = /[^\P{C}\n]|[\u2028\u2029]/u

/** Each kind of element with its attributes, as `td.class.data-label`. */
const KINDS = `[...new Set([...document.querySelectorAll('*')].map(element =>
  [element.localName, ...element.getAttributeNames()].join('.')))].sort()`

t.test(
  'a page of hostile records has the elements and attributes of any page',
  { skip: noBrowser },
  async t => {
    const browser = await openBrowser(tempDir(t))
    t.teardown(() => browser.close())
    const tame =
      `uwsgi-parse < '${join(FIXTURES, 'attack/uwsgi.log')}' 2>&- | tee requests | xff-window 2>&- | xff-ban --dry-run ` +
      `--clock log 2>&- > bans; cat requests bans - | xff-report`
    const others = [
      { ...LAST, rule: 'a', reason: 'b', last: { status: 404, method: 'GET', uri: '/' } },
      { type: 'held', time: LAST.time, ip: LAST.ip, reason: 'many', falls: LAST.until },
      { type: 'problem', time: LAST.time, kind: 'blind', reason: 'silent' },
      { type: 'unban', time: LAST.time, ip: '203.0.113.7', reason: 'asked' },
    ]
    const input = others.map(record => `${JSON.stringify(record)}\n`).join('')
    const { stdout: plain } = await execa('bash', ['-c', tame], { cwd: tempDir(t), env, input })
    const { stdout: hostile } = await execa(bundle('xff-report'), ['--top', '1000'], {
      inputFile: records,
      env,
    })
    t.notMatch(hostile, STEERS)
    const kinds = async (html: string) => {
      const { page, asked, wanted, complaints } = await visit(browser, html)
      await page.hover('h1')
      const found = await page.evaluate<string[]>(KINDS)
      t.same(
        [asked, wanted.length, complaints],
        [['/'], 1, []],
        'it asks for nothing, and the browser complains of nothing',
      )
      t.equal(await page.evaluate('typeof harmed'), 'undefined')
      await page.close()
      return found
    }
    // that is where a count is one at the least
    const known = [...(await kinds(plain)), 'abbr.title']
    t.same(
      (await kinds(hostile)).filter(kind => !known.includes(kind)),
      [],
    )
  },
)

/** Runs xff-notify on a machine whose name is from outside, too, where that can be had. */
async function notify(args: readonly string[], cwd = process.cwd()) {
  const rename = 'printf %s "$0" > /proc/sys/kernel/hostname; exec "$@"'
  const command = [bundle('xff-notify'), '--gather', '1', '--linger', '60', '--skip-whois', ...args]
  const [program = '', ...rest] =
    process.getuid?.() === 0 ? ['unshare', '--uts', 'bash', '-c', rename, HOSTILE_NAME, ...command] : command
  return await execa(program, rest, { inputFile: records, env, cwd, stdout: 'ignore' })
}

/** Where the text of a message is, and how it may look. */
const TEXTS: Record<(typeof SERVICES)[number], (got: Got) => string> = {
  slack: ({ body }) => JSON.parse(body).text.replace(/&(?:amp|lt|gt);/g, ''),
  discord: ({ body }) => JSON.parse(body).content,
  teams: ({ body }) =>
    JSON.parse(body)
      .attachments[0].content.body.map(
        (block: { type: string; inlines: { type: string; text: string }[] }) => {
          if (block.type !== 'RichTextBlock' || block.inlines.some(({ type }) => type !== 'TextRun'))
            throw new Error('markup')
          return block.inlines.map(({ text }) => text).join('')
        },
      )
      .join('\n'),
  ntfy: ({ body }) => body,
  telegram: ({ body }) => JSON.parse(body).text,
  gotify: ({ body }) => JSON.parse(body).message,
}
const HEADERS = {
  all: [
    'accept',
    'accept-encoding',
    'accept-language',
    'connection',
    'content-length',
    'content-type',
    'host',
    'sec-fetch-mode',
    'user-agent',
  ],
  ntfy: ['priority', 'title'],
}

t.test('a message of hostile records is one text in the form of its service', async t => {
  const secrets = tempDir(t)
  const servers = await Promise.all(
    SERVICES.map(async service => {
      const http = await httpServer(200)
      t.teardown(http.close)
      const path = service === 'telegram' ? '/bot1/sendMessage?chat_id=1' : '/hook'
      writeFileSync(join(secrets, service), `http://127.0.0.1:${http.port}${path}`)
      return [service, http] as const
    }),
  )
  const { stderr } = await notify(
    servers.flatMap(([service]) => ['--to', `${service}:@${join(secrets, service)}`]),
  )
  t.notMatch(stderr, STEERS)
  for (const [service, { got }] of servers) {
    t.ok(got.length > 0, `${service}: ${got.length} messages`)
    if (service === 'ntfy' && process.getuid?.() === 0) t.match(got[0]?.headers.title, / on web /)
    for (const one of got) {
      const text = TEXTS[service](one)
      if (STEERS.test(text)) t.fail(`${service}: ${JSON.stringify(text)}`)
      if (service === 'slack' && /[<>&]/.test(text)) t.fail(`slack: ${text}`)
      if (service === 'discord' && !/^[^`]*```\n[^`]*\n```$/.test(text)) t.fail(`discord: ${text}`)
      const known = service === 'ntfy' ? [...HEADERS.all, ...HEADERS.ntfy] : HEADERS.all
      const foreign = Object.keys(one.headers).filter(name => !known.includes(name))
      if (foreign.length > 0) t.fail(`${service}: ${foreign}`)
    }
  }
})

t.test('a post of hostile records is these records', async t => {
  const [lines, array] = [await httpServer(200), await httpServer(200)]
  t.teardown(() => Promise.all([lines.close(), array.close()]))
  const url = ({ port }: { port: number }) => `http://127.0.0.1:${port}/`
  await notify(['--webhook', url(lines)])
  await notify(['--webhook', url(array), '--webhook-format', 'array'])
  const sent = lines.got.flatMap(({ body }) =>
    body
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line)),
  )
  t.ok(sent.length > 100, `${sent.length} records`)
  const types = ['request', 'ban', 'hit', 'unban', 'held', 'problem']
  t.ok(sent.every(({ type }) => types.includes(type)))
  t.same(sent.at(-1), LAST)
  t.same(array.got.flatMap(({ body }) => JSON.parse(body)).at(-1), LAST)
})

t.test('a mail of hostile records has our headers, our recipients and a text', async t => {
  const dir = tempDir(t)
  const sendmail = join(dir, 'sendmail')
  writeFileSync(sendmail, '#!/bin/bash\necho "$*" >> args; cat > "$(mktemp mail.XXXXXX)"\n')
  chmodSync(sendmail, 0o755)
  await notify(['--mail-to', 'ops@example.com', '--sendmail', sendmail], dir)
  t.notOk(existsSync('/tmp/harmed'), 'no shell has seen it')
  const args = new Set(readFileSync(join(dir, 'args'), 'utf8').trim().split('\n'))
  t.equal(args.size, 1, [...args].join(' | '))
  t.match([...args][0], /ops@example\.com$/)
  const mails = readdirSync(dir).filter(name => name.startsWith('mail.'))
  t.ok(mails.length > 0, `${mails.length} mails`)
  for (const name of mails) {
    const message = readFileSync(join(dir, name), 'utf8')
    const [head = ''] = message.split(/\r?\n\r?\n/)
    const names = head.split(/\r?\n(?![ \t])/).map(line => line.split(':')[0]?.toLowerCase())
    const known = [
      'from',
      'to',
      'subject',
      'message-id',
      'date',
      'mime-version',
      'content-type',
      'content-transfer-encoding',
      'auto-submitted',
    ]
    t.same(
      names.filter(name => !known.includes(name ?? '')),
      [],
    )
    t.match(head, /^[ -~\r\n\t]*$/)
    t.notMatch(textOf(message.replace(/\r?\n/g, '\r\n')).replaceAll('\r', ''), STEERS)
  }
})
