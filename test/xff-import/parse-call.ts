import t from 'tap'
import { parseCall, parseCalls } from '../../lib/xff-import/parse-call.js'

const read = (text: string) => {
  const { calls, unread } = parseCalls(text)
  return { calls: calls.map(({ name, options }) => [name, Object.fromEntries(options)]), unread }
}

t.test('actions are read with the options in their brackets', t => {
  t.same(read('iptables'), { calls: [['iptables', {}]], unread: [] })
  t.same(read('  one[a=1, B="va, lue]", c=\'it\'] two\n three [ d=4 ] four[]'), {
    calls: [
      ['one', { a: '1', b: 'va, lue]', c: 'it' }],
      ['two', {}],
      ['three', { d: '4' }],
      ['four', {}],
    ],
    unread: [],
  })
  t.same(read('one[a=1][b=2]'), { calls: [['one', { a: '1', b: '2' }]], unread: [] })
  t.same(read('one[a="x"y, b=\'z]'), { calls: [['one', { a: '"x"y', b: "'z" }]], unread: [] })
  t.end()
})

t.test('a bracket that is not closed or of another form is reported, and costs its line alone', t => {
  t.same(read('one[a=1\ntwo'), { calls: [['two', {}]], unread: ['one[a=1'] })
  t.same(read('one[a=1,\ntwo[b=2]'), { calls: [['two', { b: '2' }]], unread: ['one[a=1,'] })
  t.same(read('one[a=1, ;]\ntwo[b=2]'), { calls: [['two', { b: '2' }]], unread: ['one[a=1, ;]'] })
  t.same(read('[a=1] two'), { calls: [['two', {}]], unread: ['[a=1]'] })
  t.end()
})

t.test('a long list without an end is read at once', t => {
  for (const piece of ['a=', 'a="', 'a=\'x" ,', 'x[a=', ']', '[', 'a=1,', 'a="b" ']) {
    const text = `x[${piece.repeat(100_000)}`
    t.ok(parseCalls(text).calls.length >= 0, piece)
    t.equal(parseCall(text).name, 'x', piece)
  }
  t.end()
})
