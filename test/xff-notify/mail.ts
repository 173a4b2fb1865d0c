/** Mails as a real SMTP server gets them from the command, with whois asking a server on loopback. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { bundle } from '../support/commands.js'
import { deadPort, tcpServer, whoisServer } from '../support/loopback.js'
import { smtpServer, textOf } from '../support/smtp.js'
import { tempDir } from '../support/temp-dir.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

const MAIL = ['--mail-to', 'ops@example.com', '--mail-from', 'xff@example.com']
const skip = !existsSync('/usr/bin/whois') && 'whois is missing'

const ban = (ip: string, uri = '/.env') =>
  `${JSON.stringify({
    type: 'ban',
    time: '2026-11-22T07:12:42.000Z',
    ip,
    failures: 10,
    since: '2026-11-22T07:12:40.000Z',
    last: { status: 404, method: 'GET', uri },
    until: '2026-11-22T08:12:42.000Z',
    count: 2,
  })}\n`

const notify = (args: string[], input: string) =>
  execa(bundle('xff-notify'), [...MAIL, '--gather', '3600', ...args], {
    input,
    reject: false,
    stripFinalNewline: false,
  })

t.test(
  'a mail tells who is banned, until when and why, and to whom the address belongs',
  { skip },
  async t => {
    const smtp = await smtpServer()
    const whois = await whoisServer(query => `inetnum: 203.0.113.0/24\nnetname: FOR-${query}\ncountry: NL\n`)
    t.teardown(() => Promise.all([smtp.close(), whois.close()]))
    const args = ['--smtp', `smtp://127.0.0.1:${smtp.port}`, '--whois-server', `127.0.0.1:${whois.port}`]
    const { stdout, stderr, exitCode } = await notify([...args, '--name', 'shop'], ban('203.0.113.5'))
    t.equal(exitCode, 0)
    t.equal(stdout, ban('203.0.113.5'), 'the record passes on')
    t.match(
      stderr,
      /1 record, 1 ban; mail through 127\.0\.0\.1:\d+: 1 sent in 1, 0 refused, 0 dropped, 0 not sent\n$/,
    )
    const [mail] = smtp.taken
    t.match(mail, { from: 'xff@example.com', to: ['ops@example.com'] })
    t.match(mail?.message, /^Subject: shop on \S+: 203\.0\.113\.5 banned\r$/m)
    t.match(mail?.message, /^Auto-Submitted: auto-generated\r$/m)
    t.equal(
      textOf(mail?.message ?? '').replaceAll('\r', ''),
      `203.0.113.5
  banned    2026-11-22T07:12:42.000Z
  until     2026-11-22T08:12:42.000Z
  bans      2
  failures  10 since 2026-11-22T07:12:40.000Z
  last      404 GET /.env
  whois     inetnum: 203.0.113.0/24
            netname: FOR-203.0.113.5
            country: NL
`,
    )
  },
)

t.test('a mail says which rule it was, and why and by whom a ban was asked for', { skip }, async t => {
  const smtp = await smtpServer()
  t.teardown(() => smtp.close())
  const asked = ban('203.0.113.5').replace('"ip"', '"rule":"login","reason":"pen\\ntest","by":"alice","ip"')
  await notify(['--smtp', `smtp://127.0.0.1:${smtp.port}`, '--skip-whois'], asked)
  t.match(
    textOf(smtp.taken[0]?.message ?? '').replaceAll('\r', ''),
    '\n  rule      login\n  reason    pen test\n  by        alice\n',
  )
})

const HELD = {
  type: 'held',
  time: '2026-11-22T07:12:42.000Z',
  ip: '203.0.113.9',
  failures: 10,
  since: '2026-11-22T07:12:40.000Z',
  reason: '21 of 100 clients\nBcc: z@z',
  falls: '2026-11-22T07:17:42.000Z',
}

t.test('a mail tells what needs a person: bans that are held back, and problems', async t => {
  const smtp = await smtpServer()
  t.teardown(() => smtp.close())
  const problem = { type: 'problem', time: HELD.time, kind: 'backend', reason: 'nft: not installed' }
  const over = { ...problem, kind: 'blind', reason: 'no line', until: '2026-11-22T07:13:00.000Z' }
  const records = [HELD, problem, over].map(record => `${JSON.stringify(record)}\n`)
  const args = ['--smtp', `smtp://127.0.0.1:${smtp.port}`, '--skip-whois', '--name', 'shop']
  const { stdout } = await notify(args, [...records, ban('203.0.113.5')].join(''))
  t.equal(stdout, [...records, ban('203.0.113.5')].join(''), 'the records pass on')
  const message = smtp.taken[0]?.message ?? ''
  t.match(
    message.replaceAll(/\r\n[ \t]/g, ' '),
    /^Subject: shop on \S+: bans cannot be enforced, over: the log is silent, ban of 203\.0\.113\.9 held back, 203\.0\.113\.5 banned\r$/m,
  )
  const text = textOf(message).replaceAll('\r', '')
  t.match(
    text,
    `bans cannot be enforced
  since     2026-11-22T07:12:42.000Z
  reason    nft: not installed

over: the log is silent
  since     2026-11-22T07:12:42.000Z
  until     2026-11-22T07:13:00.000Z
  reason    no line

203.0.113.9
  held back 2026-11-22T07:12:42.000Z
  falls     2026-11-22T07:17:42.000Z
  reason    21 of 100 clients Bcc: z@z
  failures  10 since 2026-11-22T07:12:40.000Z

203.0.113.5
  banned `,
  )
  t.match(text, /"xff-ban release" lets them fall now, "xff-ban drop" forgets them/)
  await notify(args, `${JSON.stringify({ ...HELD, type: 'unban' })}\n${ban('203.0.113.5')}`)
  t.notMatch(textOf(smtp.taken[1]?.message ?? ''), /release/)
})

t.test('of bans that are held back the first is mailed at once, the others are gathered', async t => {
  const smtp = await smtpServer()
  t.teardown(() => smtp.close())
  const args = [...MAIL, '--smtp', `smtp://127.0.0.1:${smtp.port}`, '--skip-whois', '--gather', '3600']
  const child = execa(bundle('xff-notify'), args, { reject: false })
  child.stdin.write(ban('203.0.113.5'))
  for (const ip of ['203.0.113.6', '203.0.113.7', '203.0.113.8']) {
    child.stdin.write(`${JSON.stringify({ ...HELD, ip })}\n`)
    await waitFor('the first mail, while the input stays open', () => smtp.taken.length > 0)
  }
  child.stdin.end()
  await child
  // a host with a long name has its subjects over several lines
  const subjects = smtp.taken.map(
    ({ message }) => /^Subject: \S+ on \S+: (.*)\r$/m.exec(message.replace(/\r\n /g, ' '))?.[1],
  )
  t.same(subjects, ['ban of 203.0.113.6 held back, 203.0.113.5 banned', 'ban of 2 clients held back'])
})

t.test('1,000 bans make one mail, and whois is asked once for each address', { skip }, async t => {
  const smtp = await smtpServer()
  const asked: string[] = []
  const whois = await whoisServer(query => `netname: N${asked.push(query)}\n`)
  t.teardown(() => Promise.all([smtp.close(), whois.close()]))
  const ips = Array.from({ length: 1000 }, (_, i) => `203.0.113.${i % 50}`)
  const args = ['--smtp', `smtp://127.0.0.1:${smtp.port}`, '--whois-server', `127.0.0.1:${whois.port}`]
  const { stdout } = await notify([...args, '--linger', '60'], ips.map(ip => ban(ip)).join(''))
  t.equal(stdout.split('\n').length, 1001)
  t.equal(smtp.taken.length, 1)
  const text = textOf(smtp.taken[0]?.message ?? '')
  t.equal(text.match(/^203\.0\.113\.\d+\r$/gm)?.length, 1000)
  t.equal(text.match(/^ {2}whois {5}netname: N\d+\r$/gm)?.length, 1000)
  t.same(asked.sort(), [...new Set(ips)].sort())
  t.match(smtp.taken[0]?.message, /^Subject: xff-jail on \S+: 1000 clients banned\r$/m)
})

t.test(
  'nothing that strangers write becomes a header, a second mail or a control character',
  { skip },
  async t => {
    const smtp = await smtpServer()
    const whois = await whoisServer(() =>
      Buffer.from(
        `netname: \x1b[2J\r.\r\nDATA\r\n.\r\nBcc: z@z\r\ncountry: ${'\xff\u202e'.repeat(40)}\n${'x'.repeat(200_000)}`,
      ),
    )
    t.teardown(() => Promise.all([smtp.close(), whois.close()]))
    const args = ['--smtp', `smtp://127.0.0.1:${smtp.port}`, '--whois-server', `127.0.0.1:${whois.port}`]
    const input = ban(
      '203.0.113.5',
      `/\r\n.\r\nMAIL FROM:<x@x>\r\nBcc: y@y\r\n\u202e\x1b]0;${'x'.repeat(60_000)}`,
    )
    const { exitCode } = await notify(args, input)
    t.equal(exitCode, 0)
    t.equal(smtp.taken.length, 1)
    const { message = '', to } = smtp.taken[0] ?? {}
    t.same(to, ['ops@example.com'])
    t.notMatch(message, /^(Bcc|DATA|\.|MAIL)/m)
    const text = textOf(message).replaceAll('\r\n', '\n')
    t.notMatch(text, /[^\P{Cc}\n]|\p{Cf}/u)
    t.ok(text.length < 1000, `${text.length} characters`)
    t.match(text, /last {6}404 GET \/ \. MAIL FROM:<x@x> Bcc: y@y {1,2}\]0;x+…/)
  },
)

t.test('a mail server that is dead, silent or in the way never holds a record back', async t => {
  const silent = await tcpServer(() => {})
  t.teardown(silent.close)
  for (const port of [await deadPort(), silent.port]) {
    const child = execa(
      bundle('xff-notify'),
      [...MAIL, '--smtp', `smtp://127.0.0.1:${port}`, '--gather', '0', '--linger', '1', '--skip-whois'],
      { buffer: { stdout: false, stderr: true }, reject: false },
    )
    for (let i = 1; i <= 3; i++) {
      child.stdin.write(ban(`203.0.113.${i}`))
      const [chunk] = await new Promise<Buffer[]>(resolve =>
        child.stdout.once('data', (...data) => resolve(data)),
      )
      t.equal(String(chunk), ban(`203.0.113.${i}`), 'passed on while the input stays open')
    }
    child.stdin.end()
    const { exitCode, stderr } = await child
    t.equal(exitCode, 0)
    t.match(stderr, /0 sent in 0, 0 refused, 0 dropped, 3 not sent$/)
  }
})

t.test('a password is read from a file, sent inside TLS and never shown', async t => {
  const logins: (string | undefined)[] = []
  const smtp = await smtpServer({
    authOptional: false,
    onAuth({ username, password, method }, { secure }, done) {
      logins.push(`${secure ? 'TLS' : 'plain'} ${method} ${username} ${password}`)
      if (password === 's3cret/pass') return done(null, { user: username })
      done(new Error(`no such password: ${password}`))
    },
  })
  t.teardown(smtp.close)
  const file = (password: string) => {
    const path = join(tempDir(t, { url: '' }), 'url')
    writeFileSync(path, `smtp://xff:${encodeURIComponent(password)}@127.0.0.1:${smtp.port}\n`)
    return ['--smtp', `@${path}`, '--skip-whois']
  }
  await notify(file('s3cret/pass'), ban('203.0.113.5'))
  t.same(logins, ['TLS PLAIN xff s3cret/pass'])
  t.equal(smtp.taken.length, 1)
  const { stderr } = await notify(file('wr0ng'), ban('203.0.113.5'))
  t.match(
    stderr,
    /^xff-notify: mail through 127\.0\.0\.1:\d+: refused: cannot log in \(535\); 1 record discarded\n/,
  )
  t.notMatch(stderr, /wr0ng|d3IwbmcA/)
})

t.test('a recipient who does not exist costs the others nothing', async t => {
  const smtp = await smtpServer({
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith('ops')
        ? done()
        : done(Object.assign(new Error('no such user'), { responseCode: 550 })),
  })
  t.teardown(smtp.close)
  const to = ['--mail-to', 'gone@example.com', '--smtp', `smtp://127.0.0.1:${smtp.port}`, '--skip-whois']
  const { stderr } = await notify(to, ban('203.0.113.5'))
  t.same(smtp.taken[0]?.to, ['ops@example.com'])
  t.match(stderr, /mail through 127\.0\.0\.1:\d+: rejected for gone@example\.com\n.*1 sent in 1, 0 refused/)
})

t.test('--sendmail hands the mail to a program', async t => {
  const dir = tempDir(t)
  const program = join(dir, 'sendmail')
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@" > '${dir}/args'\ncat > '${dir}/mail'\n`)
  chmodSync(program, 0o755)
  await notify(['--sendmail', program, '--skip-whois'], ban('203.0.113.5'))
  t.equal(readFileSync(join(dir, 'args'), 'utf8'), '-i\n-f\nxff@example.com\nops@example.com\n')
  t.match(
    readFileSync(join(dir, 'mail'), 'utf8'),
    /^Subject: xff-jail on \S+: 203\.0\.113\.5 banned\n[\s\S]*404 GET \/\.env\n/m,
  )
  writeFileSync(program, '#!/bin/sh\necho "queue \x1b[2J full" >&2\nexit 75\n')
  const { stderr } = await notify(
    ['--sendmail', program, '--skip-whois', '--linger', '0'],
    ban('203.0.113.5'),
  )
  t.match(stderr, /1 not sent\n$/)
})

t.test('a ban is mailed while the pipe that brought it stays open', async t => {
  const dir = tempDir(t)
  const [program, mail] = [join(dir, 'sendmail'), join(dir, 'mail')]
  writeFileSync(program, `#!/bin/sh\ncat > '${mail}.part' && mv '${mail}.part' '${mail}'\n`)
  chmodSync(program, 0o755)
  writeFileSync(join(dir, 'ban'), ban('203.0.113.5'))
  const line = `{ cat '${dir}/ban'; until [ -e '${mail}' ]; do sleep 0.05; done; } | '${bundle('xff-notify')}' "$@"`
  const args = [...MAIL, '--gather', '0', '--sendmail', program, '--skip-whois']
  const { stderr } = await execa('bash', ['-c', line, 'bash', ...args], { timeout: LIMIT, stdin: 'ignore' })
  t.equal(
    stderr,
    `xff-notify: 1 record, 1 ban; mail through ${program}: 1 sent in 1, 0 refused, 0 dropped, 0 not sent`,
  )
})
