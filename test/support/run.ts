/**
 * Runs test files with tap and ends with the line `N passed, N failed`; where nothing passed, that is a failure,
 * and with CI=true so is a test that was skipped. What tap writes is kept in build/results.tap.
 *
 *     node build/test/support/run.js FILE...
 */
import { createWriteStream, existsSync, mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { endWithParent } from './parent.js'
import { createResults } from './results.js'

const files = process.argv.slice(2)
mkdirSync('build', { recursive: true })
const log = createWriteStream('build/results.tap')
endWithParent()
// tap ends with this process, and each file of tests with tap
const [program = '', ...args] = [
  ...(existsSync('/usr/bin/setpriv') ? ['setpriv', '--pdeathsig', 'KILL'] : []),
  ...['tap', 'run', '--reporter=tap', ...files],
]
const tap = execa(program, args, {
  preferLocal: true,
  reject: false,
  buffer: false,
  stdin: 'ignore',
  stderr: 'inherit',
})

const began = performance.now()
const results = createResults(line => process.stdout.write(`${line}\n`))
for await (const line of createInterface({ input: tap.stdout })) {
  log.write(`${line}\n`)
  results.read(line)
}
const { passed, failed, skipped } = results.finish((await tap).exitCode)
const forbidden = process.env.CI === 'true' ? skipped : 0
console.log(
  `\n${skipped > 0 ? `${skipped} skipped, ` : ''}${Math.round((performance.now() - began) / 1000)} s`,
)
console.log(`${passed} passed, ${failed + forbidden} failed`)
process.exitCode = failed + forbidden > 0 || passed === 0 ? 1 : 0
