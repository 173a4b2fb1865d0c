import fc from 'fast-check'
import t from 'tap'
import {
  byteSet,
  digitsEnd,
  digitsStart,
  equals,
  lineEnd,
  literal,
  numberAt,
  skip,
  standsAt,
  toBlock,
} from '../lib/bytes.js'
import { remember, rememberLast } from '../lib/remember.js'
import { seeded } from './support/seeded.js'

const block = (text: string) => toBlock(Buffer.from(text, 'latin1'))
/** Few characters, so that chance repeats them. */
const text = fc.string({ unit: fc.constantFrom(...'ab01\n'), maxLength: 40 })

t.test('a literal stands where the text has it, and nowhere else', async t => {
  fc.assert(
    fc.property(
      text,
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 4, maxLength: 9 }),
      (whole, part) => {
        const looked = literal(part)
        for (let at = -3; at < whole.length + 3; at++) {
          if (standsAt(block(whole), at, looked) !== (at >= 0 && whole.startsWith(part, at))) return false
        }
        return true
      },
    ),
    seeded(t, 500),
  )
})

t.test('stretches are the same as their texts are', async t => {
  fc.assert(
    fc.property(text, text, fc.nat(40), fc.nat(40), fc.nat(12), (one, other, at, from, length) => {
      const same =
        at + length <= one.length &&
        from + length <= other.length &&
        one.slice(at, at + length) === other.slice(from, from + length)
      return equals(block(one), at, block(other), from, length) === same
    }),
    seeded(t, 2000),
  )
})

t.test('lines, digits, numbers and sets', async t => {
  const bytes = Buffer.from('a1234b\n')
  t.equal(lineEnd(bytes, 0), 6)
  t.equal(lineEnd(bytes, 7), 7)
  t.equal(digitsEnd(bytes, 1, 4), 5)
  t.equal(digitsEnd(bytes, 1, 3), -1)
  t.equal(digitsEnd(bytes, 0, 4), -1)
  t.equal(digitsEnd(bytes, -1, 4), -1)
  t.equal(digitsStart(bytes, 5, 4), 1)
  t.equal(digitsStart(bytes, 5, 3), -1)
  t.equal(digitsStart(bytes, 6, 9), -1)
  t.equal(numberAt(bytes, 1, 5), 1234)
  t.equal(skip(bytes, 1, byteSet(/\d/)), 5)
  t.equal(skip(bytes, 7, byteSet(/\d/)), 7)
})

t.test('what is remembered is what would be made anew', async t => {
  let made = 0
  const read = remember(slot => {
    made += 1
    return slot
  })
  fc.assert(
    fc.property(fc.nat(60_000), fc.nat(90), (number, length) => {
      const slot = `${number}`.padStart(length, '.')
      const padded = block(`xx${slot}yyy`)
      return read(padded, 2, 2 + slot.length) === slot && read(padded, 2, 2 + slot.length) === slot
    }),
    seeded(t, 100_000),
  )
  t.ok(made < 170_000, `made ${made} times, asked 200,000`)
})

t.test('the last one is remembered', async t => {
  const made: string[] = []
  const read = rememberLast(2, text => {
    made.push(text)
    return text
  })
  const bytes = block('aaaab')
  t.same(
    [0, 1, 3, 3, 4, 0].map(at => read(bytes, at)),
    ['aa', 'aa', 'ab', 'ab', 'b', 'aa'],
  )
  t.same(made, ['\0\0', 'aa', 'ab', 'b', 'aa'])
})
