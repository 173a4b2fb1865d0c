import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { withRuntimeApi } from '../../../../lib/xff-ban/backend/haproxy/runtime-api.js'
import '../../../support/apart.js'

/** Something that listens where HAProxy should. @returns the path of its socket */
async function listen(t: Test, behave: (socket: Socket) => void): Promise<string> {
  // a socket's path has to be short
  const folder = mkdtempSync(join(tmpdir(), 'xff-ban-'))
  const server = createServer(socket => behave(socket.on('error', () => {})))
  t.teardown(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  const path = join(folder, 'socket')
  await once(server.listen(path), 'listening')
  return path
}

t.test('answers of HAProxy may come in pieces', async t => {
  const path = await listen(t, socket => {
    socket.setEncoding('latin1').on('data', text => {
      for (const line of String(text).split('\n').filter(Boolean)) {
        socket.write(`${line}`)
        socket.write('!\n')
        setImmediate(() => socket.write('\n>'))
        setImmediate(() => socket.write(' '))
      }
    })
  })
  const answers = await withRuntimeApi(path, async ask => [await ask('one'), await ask('two')])
  t.same(answers, ['one!', 'two!'])
})

t.test('an answer of HAProxy without end is an error', async t => {
  const path = await listen(t, socket => {
    const pour = () => {
      while (socket.write('x'.repeat(65_536)));
    }
    socket.on('data', pour).on('drain', pour)
  })
  await t.rejects(
    withRuntimeApi(path, ask => ask('show map x')),
    { message: `HAProxy at ${path}: its answer is longer than 16384 bytes`, exitCode: 69 },
  )
})

t.test('a HAProxy that does not answer is an error', async t => {
  const path = await listen(t, () => {})
  await t.rejects(
    withRuntimeApi(path, ask => ask('show map x'), 50),
    { message: `HAProxy at ${path}: no answer within 0.05 s`, exitCode: 69 },
  )
})

t.test('a HAProxy that closes the connection is an error', async t => {
  const path = await listen(t, socket => socket.once('data', () => socket.end('half an ans')))
  await t.rejects(
    withRuntimeApi(path, ask => ask('show map x')),
    { message: `HAProxy at ${path}: it closed the connection`, exitCode: 69 },
  )
})

t.test('a HAProxy that does not run is an error', async t => {
  await t.rejects(
    withRuntimeApi('/nonexistent/socket', async () => {}),
    { message: /HAProxy at \/nonexistent\/socket: connect ENOENT/, exitCode: 69 },
  )
})
