/** How `make test` tells what the tests found. */
import t from 'tap'
import { createResults } from './support/results.js'

function told(tap: string, exitCode: number) {
  const lines: string[] = []
  const { read, finish } = createResults(line => lines.push(line))
  for (const line of tap.split('\n')) read(line)
  const counts = finish(exitCode)
  return { counts, text: lines.join('\n') }
}

const PASSING = `TAP version 14
1..2
# Subtest: build/test/a.js
    # Subtest: one thing
        ok 1 - is so
        1..1
    ok 1 - one thing # time=5ms
    
    # Subtest: another
        ok 1 - no clock here # SKIP
        1..1
    ok 2 - another # SKIP needs root
    1..2
ok 1 - build/test/a.js # time=1234.567ms
`

const FAILING = `# Subtest: build/test/kernel/b.js
    # Subtest: a third
        not ok 1 - is so
          ---
          diff: |
            -yes

            +no
          ...
        ok 2 - and this
        1..2
        # failed 1 of 2 tests
    not ok 1 - a third # time=7ms
    
    ok 2 - a fourth
    1..2
    # failed 1 of 2 tests
not ok 2 - build/test/kernel/b.js # time=50ms
`

t.test('a file is a line with its time, a skipped test is one with its reason', async t => {
  const { counts, text } = told(PASSING, 0)
  t.same(counts, { passed: 1, failed: 0, skipped: 1 })
  t.match(text, /^ {4}ok test\/a\.ts: 1 passed, 1\.2 s$/m)
  t.match(text, /# SKIP needs root/)
  t.match(text, /\nSkipped:\n {2}test\/a\.ts: another # SKIP needs root$/)
  t.notMatch(text, 'Failed:')
})

t.test('a failure is told where it happens with its details, and again at the end with its file', async t => {
  const { counts, text } = told(PASSING + FAILING, 1)
  t.same(counts, { passed: 2, failed: 1, skipped: 1 })
  t.match(text, /not ok 1 - is so\n +---\n +diff: \|\n +-yes\n\n +\+no\n +\.\.\.\n/)
  t.notMatch(text, 'and this')
  t.match(text, /^FAILED test\/kernel\/b\.ts: 1 passed, 0\.1 s$/m)
  t.match(text, /\nFailed:\n {2}test\/kernel\/b\.ts: a third$/)
})

t.test('a file that fails with all its tests passing is a failure, and so is a tap that does', async t => {
  const file = told(`${PASSING.replace(/^ok/m, 'not ok')}${FAILING}`, 1)
  t.equal(file.counts.failed, 2)
  t.match(file.text, '\nFailed:\n  test/a.ts: the file itself\n  test/kernel/b.ts: a third')
  const tap = told(PASSING, 3)
  t.equal(tap.counts.failed, 1)
  t.match(tap.text, '\nFailed:\n  tap: ended with exit code 3')
})
