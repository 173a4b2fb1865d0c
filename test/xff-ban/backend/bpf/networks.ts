import { readlinkSync, symlinkSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execPath, getuid } from 'node:process'
import { execa } from 'execa'
import t from 'tap'
import '../../../support/apart.js'
import { missing } from '../../../support/programs.js'
import { tempDir } from '../../../support/temp-dir.js'

const skip = missing('setpriv') || (getuid?.() !== 0 && 'only root sees all processes')
/** No network namespace has this number. */
const GONE = 'v3-7'

t.test('a network is dead for those alone who see all processes', { skip }, async t => {
  const folder = join(tempDir(t), GONE)
  await mkdir(folder)
  symlinkSync(readlinkSync('/proc/self/ns/pid'), join(folder, 'processes'))
  const module = resolve('build/lib/xff-ban/backend/bpf/networks.js')
  const script = `console.log((await import(${JSON.stringify(module)})).isDead(${JSON.stringify(folder)}))`
  const isDead = async (...prefix: string[]) => {
    const [program = execPath, ...rest] = [...prefix, execPath, '--input-type=module', '--eval', script]
    return (await execa(program, rest)).stdout
  }
  t.equal(await isDead(), 'true')
  const sandbox = ['setpriv', '--inh-caps=-sys_ptrace', '--bounding-set=-sys_ptrace']
  t.equal(await isDead(...sandbox), 'false', 'in a sandbox nobody can tell')
})
