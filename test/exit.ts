/** Exit codes: each error knows its own, and what nobody foresaw is a defect. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { codeOf, EXIT, ExitError, exitCodeOf, isSystemError, messageOf } from '../lib/exit.js'

function thrown(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

const missing = thrown(() => readFileSync('/nonexistent/file'))

t.test('an ExitError carries its exit code, and what caused it', async t => {
  const error = new ExitError('the journal is gone', EXIT.noInput, { cause: missing })
  t.equal(exitCodeOf(error), 66)
  t.equal(error.cause, missing)
  t.equal(messageOf(error), 'the journal is gone')
})

t.test('an error of the system is EX_IOERR, and has a code', async t => {
  t.equal(exitCodeOf(missing), 74)
  t.equal(codeOf(missing), 'ENOENT')
  t.ok(isSystemError(missing))
})

t.test('anything else that is thrown is a defect: EX_SOFTWARE', async t => {
  for (const error of [new TypeError('x is not a function'), 'a text', undefined, null, { exitCode: 0 }]) {
    t.equal(exitCodeOf(error), 70)
    t.equal(codeOf(error), undefined)
    t.notOk(isSystemError(error))
  }
  t.equal(messageOf('a text'), 'a text')
})

t.test('a code that is a number is no code of the system', async t => {
  t.equal(codeOf(Object.assign(new Error('aborted'), { code: 20 })), undefined)
})
