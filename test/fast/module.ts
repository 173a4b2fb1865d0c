/** The fast path runs here, and reads input where it lies: without this, equality with the full parser proves nothing. */
import { execa } from 'execa'
import t from 'tap'
import uwsgiParse from '#assembly/uwsgi-parse'
import xffWindow from '#assembly/xff-window'
import { createLineBlocks } from '../../lib/cli/line-blocks.js'
import { INPUT_BLOCK_BYTES } from '../../lib/fast/block-size.js'
import { acquire } from '../../lib/fast/buffer-pool.js'
import { type InputBuffers, openInputBuffers, type Started, startModule } from '../../lib/fast/module.js'
import { bundle, withCommands } from '../support/commands.js'

/** A module, whose host does nothing. */
function start(code: string): Started<InputBuffers> {
  const host = new Proxy({}, { get: () => () => 0 })
  const started = startModule<InputBuffers>(code, t.fail, host)
  if (!started) throw new Error('WebAssembly does not run here')
  return started
}

for (const [name, code] of [
  ['uwsgi-parse', uwsgiParse],
  ['xff-window', xffWindow],
] as const) {
  t.test(`${name}: stdin is read into the memory of the module, and not copied from there`, async t => {
    const started = start(code)
    const piecesOf = openInputBuffers(started)
    const blocks = createLineBlocks()
    const line = `${'x'.repeat(999)}\n`
    for (const turn of ['first', 'second']) {
      const room = blocks.room()
      t.equal(room.length, INPUT_BLOCK_BYTES, turn)
      const block = blocks.take(room.write(line.repeat(20)))
      t.equal(block.buffer, started.memory.buffer, `${turn} block`)
      t.same([...piecesOf(block)], [[block.byteOffset, 20_000]])
      t.equal(started.memory.toString('latin1', block.byteOffset, block.byteOffset + 1000), line)
    }
    t.not(acquire(INPUT_BLOCK_BYTES).buffer, started.memory.buffer, 'there are two such blocks')
  })

  t.test(
    `${name}: a block that lies elsewhere is copied to the module, in pieces of whole lines`,
    async t => {
      const started = start(code)
      const line = `${'y'.repeat(99_999)}\n`
      const copied: string[] = []
      for (const [position, size] of openInputBuffers(started)(Buffer.from(line.repeat(12)))) {
        copied.push(started.memory.toString('latin1', position, position + size))
      }
      t.same(
        copied.map(piece => piece.length),
        [500_000, 500_000, 200_000],
      )
      t.equal(copied.join(''), line.repeat(12))
    },
  )
}

t.test('what cannot be compiled is said, and is no module', async t => {
  const warnings: string[] = []
  const started = startModule(
    Buffer.from('\0asm\x02\0\0\0').toString('base64'),
    warning => warnings.push(warning),
    {},
  )
  t.equal(started, null)
  t.match(warnings, [/^WebAssembly SIMD is not available here/])
})

t.test('a command that runs without WebAssembly says so once', async t => {
  for (const command of ['uwsgi-parse', 'xff-window']) {
    const { stderr } = await execa(process.execPath, ['--jitless', bundle(command)], {
      env: withCommands({}),
      input: 'x\n'.repeat(1000),
    })
    t.equal(stderr.split('WebAssembly SIMD is not available').length, 2, stderr)
  }
})
