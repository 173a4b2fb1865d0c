/** Which rule made a ban, why and by whom it was asked for: from the record to the journal, the socket, list, report and mail. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { askStatus } from '../../lib/xff-ban/control/client.js'
import { bundle } from '../support/commands.js'
import { smtpServer, textOf } from '../support/smtp.js'
import { tempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

const WHY = { rule: 'login', reason: 'pen test', by: 'alice' }
const LASTS = 7200

const recordsIn = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))

t.test('a ban keeps rule, reason and by in all places, also after SIGKILL', async t => {
  const dir = tempDir(t)
  const [journal, bans, socket] = ['jail.jsonl', 'bans', 'jail.sock'].map(name => join(dir, name)) as [
    string,
    string,
    string,
  ]
  const options = ['--dir', bans, '--state', journal]
  const start = () => {
    const child = execa(bundle('xff-ban'), options, { reject: false })
    t.teardown(() => child.kill('SIGKILL'))
    return child
  }
  const list = async () => (await execa(bundle('xff-ban'), ['list', ...options], { input: '' })).stdout
  const time = new Date().toISOString()
  const ban = { type: 'ban', time, ip: '203.0.113.5', failures: 5, ...WHY, lasts: LASTS }
  const until = new Date(Date.parse(time) + LASTS * 1000).toISOString()

  const first = start()
  first.stdin.write(`${JSON.stringify(ban)}\n`)
  await waitFor('the ban and the socket', () =>
    Promise.all([readFileSync(join(bans, '203.0.113.5')), statSync(socket)]),
  )
  t.match(recordsIn(await list()), [{ ip: '203.0.113.5', ...WHY, until }], 'the socket and list')
  await waitFor('the journal', () => readFileSync(journal, 'utf8').includes('"alice"'))
  first.kill('SIGKILL')
  const told = (await first).stdout
  t.match(recordsIn(told), [{ type: 'ban', ...WHY, until }], 'the record that is passed on')
  t.match(
    recordsIn(readFileSync(journal, 'utf8')).filter(({ ip }) => ip === '203.0.113.5'),
    [{ ...WHY, until }],
  )
  t.match(recordsIn(await list()), [{ ...WHY, until }], 'list of a jail that does not run')

  const second = start()
  await waitFor('its answer', async () => (await askStatus(socket)) !== undefined)
  t.match(recordsIn(await list()), [{ ...WHY, until }], 'the socket of one that has read its journal')
  second.stdin.end()
  await second

  const report = async (...args: string[]) =>
    (await execa(bundle('xff-report'), args, { input: told })).stdout
  for (const [what, text] of [
    ['the page', await report()],
    ['the text', await report('--text')],
    ['the sentence', await report('--explain')],
  ] as const) {
    for (const part of Object.values(WHY)) t.match(text, part, `${part} in ${what}`)
  }
  const smtp = await smtpServer()
  t.teardown(() => smtp.close())
  const mail = ['--mail-to', 'ops@example.com', '--mail-from', 'xff@example.com', '--skip-whois']
  await execa(bundle('xff-notify'), [...mail, '--smtp', `smtp://127.0.0.1:${smtp.port}`], { input: told })
  const text = textOf(smtp.taken[0]?.message ?? '')
  for (const part of [...Object.values(WHY), until]) t.match(text, part, `${part} in the mail`)
})
