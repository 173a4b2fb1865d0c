/** The changes to the kernel's map, as bpftool is told them: a program of its name takes its place. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createBans } from '../../../../lib/xff-ban/backend/bpf/bans.js'
import { HOLE_NS, rangeOf, readBan } from '../../../../lib/xff-ban/backend/bpf/contract.js'
import { ban } from '../../../support/bans.js'
import { tempDir } from '../../../support/temp-dir.js'

const MAP = { pin: '/none', jail: 1 }
const [PREFIX, INSIDE] = ['203.0.113.0/24', '203.0.113.9']

/** Rows of the map as these steps leave it: the ranges that are banned, and those that are left out. */
function after(steps: string): { banned: string[]; holes: string[] } {
  const rows = new Map<string, boolean>()
  for (const line of steps.split('\n').filter(Boolean)) {
    const [, verb, key = '', value] =
      /map (\w+) .*key hex ([\da-f ]+?)(?: value hex ([\da-f ]+))?$/.exec(line) ?? []
    const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
    const range = rangeOf(bytes(key))
    if (verb === 'delete' && !rows.has(range))
      throw new Error(`${range} is not there: nothing after it is done`)
    if (verb === 'delete') rows.delete(range)
    else rows.set(range, readBan(bytes(value ?? '')).until === HOLE_NS)
  }
  const of = (isHole: boolean) => [...rows].filter(([, hole]) => hole === isHole).map(([range]) => range)
  return { banned: of(false).sort(), holes: of(true) }
}

t.test('what is allowed later is a hole in the prefixes around it, as long as both last', async t => {
  const dir = tempDir(t)
  const log = join(dir, 'steps')
  const program = join(dir, 'bpftool')
  writeFileSync(program, `#!/bin/sh\ncat >> '${log}'\n`)
  chmodSync(program, 0o755)
  const { PATH } = process.env
  process.env.PATH = `${dir}:${PATH}`
  t.teardown(() => {
    process.env.PATH = PATH
  })
  let wanted = new Set<string>()
  const bans = createBans(ip => (ip === PREFIX ? [...wanted] : []))
  const apply = (...changes: Parameters<typeof bans.apply>[1]) => bans.apply(MAP, changes, BigInt)
  const rows = () => after(readFileSync(log, 'utf8'))

  await apply({ ban: ban(PREFIX) }, { ban: ban(INSIDE) })
  t.same(rows(), { banned: [PREFIX, INSIDE].sort(), holes: [] })
  wanted = new Set([INSIDE])
  await apply({ unban: INSIDE })
  await bans.applyHoles(MAP)
  t.same(rows(), { banned: [PREFIX], holes: [INSIDE] })
  await apply({ unban: PREFIX })
  t.same(rows(), { banned: [], holes: [] })
  await apply({ ban: ban(PREFIX) })
  t.same(rows(), { banned: [PREFIX], holes: [INSIDE] })
  wanted = new Set()
  await bans.applyHoles(MAP)
  t.same(rows(), { banned: [PREFIX], holes: [] })
  await apply({ ban: ban(INSIDE) })
  wanted = new Set([INSIDE])
  await apply({ unban: INSIDE }, { ban: ban(PREFIX) })
  t.same(rows(), { banned: [PREFIX], holes: [INSIDE] }, 'also in the place of a ban, in one go')
})
