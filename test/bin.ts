/**
 * Golden cases: fixtures/<command>/<behaviour>/{cmd,in,out,err}. `cmd` is a line of shell, run in the folder with
 * the commands on PATH; `make golden` writes `out` and `err` anew, for the diff to be read.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { COMMANDS, FIXTURES, withCommands } from './support/commands.js'

for (const command of COMMANDS) {
  const folder = join(FIXTURES, command)
  for (const behaviour of existsSync(folder) ? readdirSync(folder) : []) {
    t.test(`${command}: ${behaviour.replaceAll('-', ' ')}`, async t => {
      const cwd = join(folder, behaviour)
      const line = readFileSync(join(cwd, 'cmd'), 'utf8')
      const { stdout, stderr } = await execa('bash', ['-c', line], {
        cwd,
        env: withCommands({ TZ: 'UTC' }),
        reject: false,
        stripFinalNewline: false,
        encoding: 'buffer',
      })
      for (const [name, actual] of [['out', stdout] as const, ['err', stderr] as const]) {
        const file = join(cwd, name)
        if (process.env.GOLDEN === 'write') writeFileSync(file, actual)
        t.equal(Buffer.from(actual).toString('latin1'), readFileSync(file, 'latin1'), name)
      }
    })
  }
}
