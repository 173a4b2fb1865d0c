import t from 'tap'
import { keysOf } from '../../lib/cli/terminal.js'

t.test('keys are told apart, also where several come at once', async t => {
  for (const [text, keys] of [
    ['q', ['q']],
    ['\x1b[B\x1b[B\x1bOA', ['down', 'down', 'up']],
    ['\x1b/7\r', ['escape', '/', '7', 'enter']],
    ['\x1b', ['escape']],
    ['j\x7f\x03', ['j', 'backspace', 'end']],
  ] as const)
    t.same(keysOf(text), keys, JSON.stringify(text))
  t.same(keysOf('\x1b[15~\x1b[1;5C\x1bOPx'), ['x'], 'keys that mean nothing')
})
