import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Backend } from '../../../lib/xff-ban/backend/backend.js'
import { execBackend } from '../../../lib/xff-ban/backend/exec.js'
import type { Ban } from '../../../lib/xff-ban/jail/ban.js'
import { tempDir } from '../../support/temp-dir.js'
import { LIMIT, waitFor } from '../../support/wait-for.js'

/** How long a program is waited for that hangs, in milliseconds: it has to begin first. */
const HANGS_MS = 2000

const ban = (ip: string, uri = '/'): Ban => ({ ip, until: 0, record: { type: 'ban', ip, last: { uri } } })

interface Setting {
  backend: Backend
  folder: string
  /** what the backend has said */
  said: string[]
  /** the lines of a file that the program has written */
  lines: (file: string) => string[]
  program: string
}

/** A backend that calls a shell script, in whose folder it runs. */
function withScript(t: Test, script: string, timeoutMs = LIMIT): Setting {
  const folder = tempDir(t)
  const program = join(folder, 'program')
  writeFileSync(program, `#!/bin/sh\ncd ${folder}\n${script}\n`)
  chmodSync(program, 0o755)
  const said: string[] = []
  const backend = execBackend({
    onBan: [program, 'ban', 'a={ip}', ';$HOME'],
    onUnban: [program, 'unban', '{ip}'],
    timeoutMs,
    memory: join(folder, 'told'),
    warn: message => said.push(message.replaceAll(`${folder}/`, '')),
  })
  const lines = (file: string) => {
    const path = join(folder, file)
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  }
  return { backend, folder, said, lines, program }
}

t.test('a program gets its arguments as given, and the record on stdin', async t => {
  const { backend, said, lines } = withScript(t, 'echo "$@" >>args; cat >>records')
  await backend.open([])
  await backend.apply([{ ban: ban('203.0.113.7', '/?q=$(id)') }, { unban: '203.0.113.7' }])
  t.same(lines('args'), ['ban a=203.0.113.7 ;$HOME', 'unban 203.0.113.7'])
  t.same(lines('records'), [
    '{"type":"ban","ip":"203.0.113.7","last":{"uri":"/?q=$(id)"}}',
    '{"type":"unban","ip":"203.0.113.7"}',
  ])
  t.same(said, [])
})

t.test('a program need not read its stdin', async t => {
  const { backend, said, lines } = withScript(t, 'echo "$1" >>args')
  await backend.open([ban('203.0.113.7', 'x'.repeat(1_000_000))])
  t.same(lines('args'), ['ban'])
  t.same(said, [])
})

t.test('a program that fails is run again', async t => {
  const { backend, said, lines } = withScript(t, 'echo "$1" >>args; [ $(wc -l <args) -gt 2 ]')
  await backend.open([ban('203.0.113.7')])
  t.same(lines('args'), ['ban', 'ban', 'ban'])
  t.same(said, [])
  t.equal(await backend.reconcile(), undefined)
})

t.test(
  'a program that keeps failing for one address is warned of, holds up no other, and is run again later',
  async t => {
    const { backend, folder, said, lines } = withScript(
      t,
      'echo "$1" >>args; case $2 in *.7) [ -e mended ] || exit 3 ;; esac',
    )
    await backend.open([])
    await backend.apply([{ ban: ban('203.0.113.7') }, { ban: ban('203.0.113.8') }])
    t.same(said, ['--on-ban for 203.0.113.7: program ended with exit code 3, 3 times'])
    t.equal(lines('args').length, 4)
    writeFileSync(join(folder, 'mended'), '')
    t.equal(await backend.reconcile(), 'changes carried out that had failed before: 1')
    t.equal(lines('args').length, 5)
    t.equal(await backend.reconcile(), undefined)
  },
)

t.test('a program that fails every time is not run for every ban', async t => {
  const { backend, said, lines, program } = withScript(t, 'echo "$1" >>args; exit 1')
  const bans = Array.from({ length: 100 }, (_, i) => ban(`203.0.113.${i}`))
  await backend.open(bans)
  // four failures in a row, and those that had begun by then
  const failures = said.length - 1
  t.ok(failures >= 4 && failures < 8, `${failures} failures`)
  t.equal(said.at(-1), `${100 - failures} more changes wait until the programs work again`)
  t.equal(lines('args').length, failures * 3)
  writeFileSync(program, '#!/bin/sh\nexit 0\n')
  t.equal(await backend.reconcile(), 'changes carried out that had failed before: 100')
})

t.test('a program that hangs is ended, with its children', async t => {
  const { backend, said, lines } = withScript(t, 'sleep 1000 & echo $! >>pids; wait', HANGS_MS)
  await backend.open([ban('203.0.113.7')])
  t.same(said, ['--on-ban for 203.0.113.7: program did not end within 2 s, 3 times'])
  t.equal(lines('pids').length, 3)
  for (const pid of lines('pids')) await waitFor(`the end of its child ${pid}`, () => !isRunning(Number(pid)))
})

t.test('a program may leave something running', async t => {
  const { backend, said, lines } = withScript(t, 'sleep 1000 & echo $! >>pids')
  await backend.open([ban('203.0.113.7')])
  t.same(said, [])
  for (const pid of lines('pids')) t.ok(process.kill(Number(pid), 'SIGKILL'))
})

t.test('after a restart the program is run to unban those who are no longer banned', async t => {
  const { backend, folder, lines, program } = withScript(t, 'echo "$1 $2" >>args')
  await backend.open([ban('203.0.113.7'), ban('203.0.113.8')])
  t.same(lines('told'), ['203.0.113.7', '203.0.113.8'])
  rmSync(join(folder, 'args'))
  const [onBan, onUnban] = [
    [program, 'ban', '{ip}'],
    [program, 'unban', '{ip}'],
  ]
  const options = { onBan, onUnban, timeoutMs: LIMIT, memory: join(folder, 'told'), warn: () => {} }
  await execBackend(options).open([ban('203.0.113.8')])
  t.same(lines('args').sort(), ['ban 203.0.113.8', 'unban 203.0.113.7'])
  t.same(lines('told'), ['203.0.113.8'])
})

/** Whether a process runs; one that is dead and not yet buried does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
