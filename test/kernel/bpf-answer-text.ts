/** What --answer-text names is what the banned read, byte by byte and through a front end. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MAX_ANSWER_TEXT } from '../../lib/xff-ban/backend/bpf/answer-text.js'
import { ATTACKER, ATTACKER6, USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { createPolicedApp, state } from './bpf/policed-app.js'
import { APP, kernelTest } from './lab/needs.js'
import { isFromApp } from './lab/request.js'

kernelTest('the banned read the text of --answer-text', ['nginx', ...APP, ...BPF], async t => {
  const stage = await createPolicedApp(t)
  const { lab, front } = stage
  const file = (name: string, content: string) => {
    const path = join(lab.folder, name)
    writeFileSync(path, content)
    return path
  }
  const ban = (options: string) => stage.xffBan(`--port 3031 ${options} ${state(stage)}`, ATTACKER, ATTACKER6)
  const read = async (from: string, body = '') => {
    const method = body === '' ? 'GET' : 'POST'
    const answer = await lab.request({ from, to: front, method, body })
    return [answer.status, Buffer.from(answer.body, 'latin1').toString()]
  }

  const plain = 'Zu viele Versuche — später wieder.\n'
  const longest = 'ü'.repeat(MAX_ANSWER_TEXT / 2)
  const page = `<!doctype html>\n<title>Later</title>\n<p>${'x'.repeat(600)}\n`
  for (const [status, text] of [
    [403, plain],
    [429, page],
    [403, longest],
    [429, 'x'],
  ] as const) {
    await ban(`--answer ${status} --answer-text ${file('text', text)}`)
    for (const from of [ATTACKER, ATTACKER6]) {
      t.same(await read(from), [status, text], `${text.length} characters for ${from}`)
      t.same(await read(from, 'a'.repeat(100_000)), [status, text], 'for a large POST, too')
    }
    t.ok(isFromApp(await lab.request({ from: USER, to: front })), 'the app answers others')
  }

  t.comment('what is no text of an answer changes nothing')
  mkdirSync(join(lab.folder, 'folder'))
  for (const [path, why] of [
    [
      file('long', 'x'.repeat(MAX_ANSWER_TEXT + 1)),
      /--answer-text: expected a file of 1 to 800 bytes, got 801 in /,
    ],
    [file('empty', ''), /--answer-text: expected a file of 1 to 800 bytes, got 0 in /],
    [join(lab.folder, 'folder'), /--answer-text: .*folder/],
    [join(lab.folder, 'none'), /--answer-text: cannot read ".*none"/],
  ] as const) {
    await t.rejects(ban(`--answer-text ${path}`), why)
    t.same(await read(ATTACKER), [429, 'x'])
  }

  await ban('--answer 403')
  t.same(await read(ATTACKER), [403, 'Forbidden\n'], 'without it the own text is back')
})
