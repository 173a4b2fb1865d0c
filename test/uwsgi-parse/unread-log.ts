import t from 'tap'
import { OWN_FORMAT } from '../../lib/uwsgi-parse/layout/log-format.js'
import { watchUnreadLog } from '../../lib/uwsgi-parse/unread-log.js'
import { waitFor } from '../support/wait-for.js'

/** What is said of a live log, of which so many lines have been read, so many of them requests. */
function live(text: string, requests = 0, pause = 1) {
  const said: string[] = []
  const tally = { lines: 0, requests: 0 }
  const unread = watchUnreadLog({ tally, format: OWN_FORMAT, warn: message => said.push(message), pause })
  const read = (block: string, found = 0) => {
    unread.before(Buffer.from(block))
    tally.lines += block.split('\n').length - 1
    tally.requests += found
    unread.after()
  }
  read(text, requests)
  return { said, read, end: unread.end }
}

t.test('a live log that is not understood is told of while it is open', async t => {
  for (const text of [
    '203.0.113.7 GET /x 404\n',
    '{"log":"[pid: 7|app: 0|req: 1/1]"}\n',
    'what is this\n'.repeat(10),
  ]) {
    const { said } = live(text)
    await waitFor('a message', async () => said.length > 0)
    t.match(said, [/nobody can be banned/], text.slice(0, 20))
  }
})

t.test('after 1,000 lines it is said at once, and once only', async t => {
  const { said, read, end } = live('x\n'.repeat(999), 0, 60_000)
  t.same(said, [])
  read('x\n')
  t.match(said, [/^none of 1000 lines is a request/])
  read('x\n'.repeat(2000))
  end()
  t.equal(said.length, 1)
})

t.test('a log with a request among its first lines is left alone', async t => {
  const { said, read, end } = live('x\n'.repeat(900), 1, 60_000)
  read('x\n'.repeat(2000))
  end()
  t.same(said, [])
})

t.test('what uWSGI says when it starts is no reason to say anything while the log is open', async t => {
  const { said, end, read } = live(
    `*** Starting uWSGI 2.0.21 ***\n${'mapped 145840 bytes to 1 cores\n'.repeat(30)}`,
  )
  const other = live('x GET 404\n')
  await waitFor('the message of another log', async () => other.said.length > 0)
  t.same(said, [])
  read('', 1)
  end()
  t.same(said, [])
})
