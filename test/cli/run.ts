/** What every command does with signals. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { bundle } from '../support/commands.js'
import { catches } from '../support/signals.js'
import { waitFor } from '../support/wait-for.js'

for (const argv of [
  ['uwsgi-parse'],
  ['xff-window'],
  ['xff-window', '--ignore', '@/dev/null'],
  ['xff-report'],
  ['xff-notify', '--webhook', 'http://127.0.0.1:9/'],
  ['xff-ban', '--dry-run'],
]) {
  const [command = '', ...options] = argv
  t.test(`${argv.join(' ')} goes on at SIGHUP`, async t => {
    // without what tap loads into each child: it handles signals
    const child = spawn('env', ['NODE_OPTIONS=', bundle(command), ...options], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    const exit = once(child, 'exit')
    await waitFor('a handler', () => catches(child.pid, 'SIGHUP'))
    child.kill('SIGHUP')
    child.stdin.end()
    t.same(await exit, [0, null])
  })
}
