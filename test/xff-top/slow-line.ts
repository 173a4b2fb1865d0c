/** xff-top in a terminal that is slow, or takes nothing any more. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import t from 'tap'
import { bundle } from '../support/commands.js'
import { requestLine } from '../support/requests.js'
import { waitFor } from '../support/wait-for.js'

/** In bytes: what the kernel keeps for a terminal (tty_buffer_set_limit in drivers/tty/pty.c), and a screen with its colours. */
const KERNEL = 8_192
const SCREEN = 80 * 24 + 24 * 20

const skip = !existsSync('/usr/bin/python3') && 'python3 is missing'

/** xff-top, which reads records on stdin, in a terminal that takes so many bytes a second. */
async function start(t: { teardown: (end: () => void) => void }, rate: number, size: [number, number]) {
  // without what tap loads into each child: it handles signals
  const command = ['env', 'NODE_OPTIONS=', bundle('xff-top'), '-', '--every', '1']
  const terminal = spawn('/usr/bin/python3', [
    'test/support/slow-terminal.py',
    ...[rate, ...size].map(String),
    ...command,
  ])
  let written = ''
  terminal.stdout.setEncoding('latin1').on('data', chunk => {
    written += chunk
  })
  const [pid] = await once(terminal.stderr, 'data')
  t.teardown(() => terminal.kill('SIGKILL'))
  return {
    written: () => written,
    feed: (text: string) => new Promise<void>(resolve => terminal.stdin.write(text, () => resolve())),
    hurry: () => terminal.kill('SIGUSR1'),
    end: () => process.kill(Number(pid)),
    ended: once(terminal, 'exit'),
  }
}

/** Records that change every row. */
const records = (round: number, count: number) =>
  Array.from({ length: count }, (_, i) =>
    requestLine({
      ip: `203.0.113.${(i * 7 + round) % 250}`,
      time: Date.now(),
      uri: `/${round}/${i % 40}/${'x'.repeat(150)}`,
    }),
  ).join('')

t.test('a terminal that takes nothing any more stops neither the pipe nor the end', { skip }, async t => {
  const { feed, end, ended } = await start(t, 0, [200, 60])
  // for as long as several pictures are due, of which each is more than the kernel keeps
  const began = performance.now()
  for (let round = 0; performance.now() - began < 5_000; round++) await feed(records(round, 2_000))
  end()
  t.same((await ended)[0], 0)
})

t.test('over a slow line pictures are left out, and the last one is the newest', { skip }, async t => {
  const { feed, end, ended, hurry, written } = await start(t, 960, [80, 24])
  const began = performance.now()
  // until more than what may wait has been through
  for (let round = 0; written().length < 4 * SCREEN; round++) {
    const before = written().length
    await feed(records(round, 500))
    await waitFor('more on the terminal', () => written().length > before)
  }
  await feed(requestLine({ ip: '192.0.2.99', time: Date.now(), uri: '/the-newest' }).repeat(100_000))
  const slow = written().length
  t.ok(slow <= 960 * ((performance.now() - began) / 1000 + 1), `${slow} bytes`)
  hurry()
  await waitFor('the newest', () => /192\.0\.2\.99.*\/the-newest/.test(written()))
  const waiting = written().length - slow
  t.ok(waiting <= KERNEL + 3 * SCREEN, `${waiting} bytes were waiting`)
  end()
  t.same((await ended)[0], 0)
  t.match(written(), /\x1b\[\?1049l$/, 'the terminal is as it was')
})
