/**
 * Runs test files with tap and ends with the line `N passed, N failed`; where nothing passed, that is a failure,
 * and with CI=true so is a test that was skipped.
 *
 *     node build/test/support/run.js FILE...
 */
import { createWriteStream, mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { execa } from 'execa'

const files = process.argv.slice(2)
mkdirSync('build', { recursive: true })
const log = createWriteStream('build/results.tap')
const tap = execa('tap', ['run', '--reporter=tap', ...files], {
  preferLocal: true,
  reject: false,
  buffer: false,
  stdin: 'ignore',
  stderr: 'inherit',
})

let passed = 0
let failed = 0
let skipped = 0
let quoting = false
for await (const line of createInterface({ input: tap.stdout })) {
  log.write(`${line}\n`)
  // one level down are the tests of a file; a file that failed without one of them counts itself
  const [, indent, not, name] = /^( {4}|)(not )?ok \d+(?: - (.*))?$/.exec(line) ?? []
  if (indent === '    ') {
    if (/# SKIP/.test(name ?? '')) skipped += 1
    else if (not) failed += 1
    else passed += 1
  } else if (indent === '') {
    process.stdout.write(`${not ? 'FAILED' : '    ok'} ${name}\n`)
  }
  // what went wrong is shown as tap tells it, with its block of details
  const failure = /^\s*not ok /.test(line)
  quoting = failure || (quoting && !/^\s*(?:ok |# |1\.\.|$)/.test(line))
  if (quoting || /# SKIP|^\s+# (?!time=|Subtest)/.test(line)) process.stdout.write(`${line}\n`)
}
const { exitCode } = await tap
if (exitCode !== 0 && failed === 0) failed = 1
if (process.env.CI === 'true') failed += skipped
console.log(skipped > 0 ? `${skipped} skipped` : '')
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
