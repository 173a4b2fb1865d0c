/** Every test or benchmark that starts a program or makes a folder runs apart from the machine (support/apart.ts). */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'

const LEAVES = /'(execa|node:child_process|playwright-core)'|\bmkdtempSync\b|\btestdir\(/
const APART = 'test/support/apart.ts'
/** It runs the tests themselves. */
const RUNNER = 'test/support/run.ts'

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => join('test', name))
const texts = new Map(files.map(file => [file, readFileSync(file, 'utf8')]))

/** A file, and all of the tests' that it imports. */
function reached(file: string, found = new Set<string>()): Set<string> {
  const text = texts.get(file)
  if (text === undefined || found.has(file)) return found
  found.add(file)
  for (const [, path = ''] of text.matchAll(
    /^(?:import|\} from|import (?!type )[^\n]* from) '(\.[^']+)\.js'$/gm,
  )) {
    reached(`${join(dirname(file), path)}.ts`, found)
  }
  return found
}

t.test('whatever may leave something behind runs apart', async t => {
  const imported = new Set(files.flatMap(file => [...reached(file)].filter(other => other !== file)))
  const programs = files.filter(file => !imported.has(file) && file !== RUNNER)
  const needing = programs.filter(file => [...reached(file)].some(one => LEAVES.test(texts.get(one) ?? '')))
  t.ok(needing.length > 30, `${needing.length} of ${programs.length} start programs or make folders`)
  t.same(
    needing.filter(file => !reached(file).has(APART)),
    [],
  )
})
