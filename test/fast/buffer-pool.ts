/** Buffers are used again, and only when nobody owns them any more. */
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import t from 'tap'
import { acquire, addToPool, asOwned, partOf, release } from '../../lib/fast/buffer-pool.js'
import { wholeLines } from '../../lib/wire/lines.js'

t.test('a buffer is acquired again only when it was released, by any part of it', async t => {
  const first = acquire(1000)
  const second = acquire(1000)
  t.not(first.buffer, second.buffer)
  release(partOf(first, 10, 20))
  const third = acquire(1000)
  t.equal(third.buffer, first.buffer)
  t.equal(third.length, 1000)
  t.not(acquire(1000).buffer, first.buffer)
})

t.test('a buffer that is released twice is acquired once', async t => {
  const buffer = acquire(1000)
  release(buffer)
  release(buffer)
  const again = [acquire(1000), acquire(1000)]
  t.equal(again.filter(({ buffer: memory }) => memory === buffer.buffer).length, 1)
})

t.test('a buffer that is not of the pool is not taken into it', async t => {
  const strange = asOwned(Buffer.from('strange!'))
  release(strange)
  t.not(acquire(8).buffer, strange.buffer)
})

t.test('a buffer of another size is not acquired', async t => {
  release(acquire(2000))
  t.equal(acquire(1000).length, 1000)
})

t.test('of two buffers in one memory, the one that was released is acquired', async t => {
  const memory = Buffer.alloc(6000)
  for (const start of [0, 3000]) addToPool(memory.subarray(start, start + 3000))
  const acquired = [acquire(3000), acquire(3000)]
  t.same(acquired.map(({ byteOffset }) => byteOffset - memory.byteOffset).sort(), [0, 3000])
  release(asOwned(memory.subarray(3500, 3600)))
  t.equal(acquire(3000).byteOffset, memory.byteOffset + 3000)
  t.not(acquire(3000).buffer, memory.buffer)
})

t.test('a buffer is released where whole lines are put together or marked', async t => {
  for (const [text, before] of [
    ['no end', 'begun '],
    ['\n', 'begun '],
    ['\xff\n', 'begun '],
    ['\xff\n', ''],
  ] as const) {
    const buffer = acquire(4000)
    buffer.write(text, 'latin1')
    const chunks = [Buffer.from(before), buffer.subarray(0, text.length)].filter(({ length }) => length > 0)
    await finished(
      Readable.from(chunks, { objectMode: false })
        .pipe(wholeLines({ markInvalid: true }))
        .resume(),
    )
    t.equal(acquire(4000).buffer, buffer.buffer, JSON.stringify(before + text))
  }
})
