import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import t from 'tap'
import { addBlock, giveBack, lendBlock } from '../../lib/fast/buffer-pool.js'
import { wholeLines } from '../../lib/wire/lines.js'

t.test('a block is lent again only when it came back', async t => {
  const first = lendBlock(1000)
  const second = lendBlock(1000)
  t.not(first.buffer, second.buffer)
  giveBack(first.subarray(10, 20))
  const third = lendBlock(1000)
  t.equal(third.buffer, first.buffer, 'by any part of it')
  t.equal(third.length, 1000)
  t.not(lendBlock(1000).buffer, first.buffer)
})

t.test('one that is given twice is lent once', async t => {
  const block = lendBlock(1000)
  giveBack(block)
  giveBack(block)
  const again = [lendBlock(1000), lendBlock(1000)]
  t.equal(again.filter(({ buffer }) => buffer === block.buffer).length, 1)
})

t.test('what was not lent is not taken, and one of another size not lent', async t => {
  const strange = Buffer.from('not lent')
  giveBack(strange)
  t.not(lendBlock(8).buffer, strange.buffer)
  giveBack(lendBlock(2000))
  t.equal(lendBlock(1000).length, 1000)
})

t.test('of two that lie in one memory, that one came back that was given', async t => {
  const memory = Buffer.alloc(6000)
  const blocks = [memory.subarray(0, 3000), memory.subarray(3000)]
  for (const block of blocks) addBlock(block)
  const lent = [lendBlock(3000), lendBlock(3000)]
  t.same(lent.map(({ byteOffset }) => byteOffset - memory.byteOffset).sort(), [0, 3000])
  giveBack(memory.subarray(3500, 3600))
  t.equal(lendBlock(3000).byteOffset, memory.byteOffset + 3000)
  t.not(lendBlock(3000).buffer, memory.buffer)
})

t.test('it comes back, too, where whole lines had to be put together or marked', async t => {
  for (const text of ['no end', '\n', '\xff\n']) {
    const block = lendBlock(4000)
    block.write(text, 'latin1')
    const first = Buffer.from('begun ')
    const lines = Readable.from([first, block.subarray(0, text.length)], { objectMode: false })
    const stage = lines.pipe(wholeLines({ markInvalid: true })).resume()
    await finished(stage)
    t.equal(lendBlock(4000).buffer, block.buffer, JSON.stringify(text))
  }
  const block = lendBlock(4000)
  block.write('\xff\n', 'latin1')
  await finished(
    Readable.from([block.subarray(0, 2)])
      .pipe(wholeLines({ markInvalid: true }))
      .resume(),
  )
  t.equal(lendBlock(4000).buffer, block.buffer, 'marked')
})
