/** iptables-nft and iptables-legacy keep their rules apart: what an earlier run has left with the other is found. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ATTACKER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import type { Scene } from './lab/attack.js'
import { createLab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import { isFromApp } from './lab/request.js'

const VARIANTS = ['nft', 'legacy'] as const
type Variant = (typeof VARIANTS)[number]

const FAMILIES = ['iptables', 'ip6tables'] as const
const PROGRAMS = FAMILIES.flatMap(family => ['', '-save', '-restore'].map(end => ({ family, end })))
const NEEDS = [
  ...['nginx', ...APP, ...PACKET_FILTER],
  ...PROGRAMS.flatMap(({ family, end }) => VARIANTS.map(variant => `${family}-${variant}${end}`)),
]

for (const [earlier, later] of [
  ['legacy', 'nft'],
  ['nft', 'legacy'],
] as const) {
  kernelTest(`rules of iptables-${earlier} go when iptables-${later} takes over`, NEEDS, async t => {
    const stage = await setUp(t)
    await stage.run(earlier, '--packets iptables', ATTACKER)
    t.notOk(await stage.isServed(), 'refused')
    const { stderr } = await stage.run(later, '--packets iptables')
    t.match(stderr, `iptables-${earlier}: rules of an earlier run are removed`)
    t.same(await stage.rules(earlier), [], 'no rule is left')
    t.notOk(await stage.isServed(), 'refused')
    await stage.unban(later, '--packets iptables')
    t.ok(await stage.isServed(), 'an unban lifts the ban')
  })

  kernelTest(`--flush by iptables-${later} removes rules of iptables-${earlier}`, NEEDS, async t => {
    const stage = await setUp(t)
    await stage.run(earlier, '--packets iptables --chain FORWARD', ATTACKER)
    await stage.run(later, '--packets iptables --flush')
    t.same(await stage.rules(earlier), [], 'no rule is left')
  })
}

kernelTest('rules of iptables-legacy go when bpf takes over', [...NEEDS, ...BPF], async t => {
  const stage = await setUp(t)
  await stage.run('legacy', '--packets iptables', ATTACKER)
  await stage.run('nft', '--packets bpf')
  t.same(await stage.rules('legacy'), [], 'no rule is left')
  await stage.unban('nft', '--packets bpf')
  t.ok(await stage.isServed(), 'an unban lifts the ban')
})

kernelTest('rules that only a program which is not installed could remove are named', NEEDS, async t => {
  const stage = await setUp(t)
  await stage.run('legacy', '--packets iptables', ATTACKER)
  const { stderr } = await stage.run('nft', '--packets iptables', undefined, [
    ...PROGRAMS.map(({ family, end }) => `${family}${end}`),
    ...['node', 'nft', 'ss'],
  ])
  t.match(stderr, /iptables-legacy has tables here, .*iptables-legacy-save: not installed/)
})

/** An app behind nginx, and xff-ban with either variant as `iptables`. */
async function setUp(t: Test) {
  const lab = await createLab(t)
  const uwsgi = await lab.uwsgi({ http: 3031 })
  const front = await lab.nginx({ to: [uwsgi.http], forwarded: 'set' })
  const scene: Scene = { lab, uwsgi, front }
  const state = `--port 3031 --state ${lab.folder}/journal`

  /** A folder in which `iptables` and its like are of a variant. */
  const folders = new Map<Variant, string>()
  for (const variant of VARIANTS) {
    const folder = join(lab.folder, variant)
    mkdirSync(folder)
    folders.set(variant, folder)
    for (const { family, end } of PROGRAMS) {
      const program = await lab.command(['sh', '-c', `command -v ${family}-${variant}${end}`])
      symlinkSync(program, join(folder, `${family}${end}`))
    }
  }

  const command = async (variant: Variant, line: string, input = '') => {
    const path = `${folders.get(variant)}:$PATH`
    const file = join(lab.folder, 'stderr')
    const stdout = await lab.command(['sh', '-c', `PATH=${path} ${line} 2>${file}`], { input })
    return { stdout, stderr: await lab.command(['cat', file]) }
  }

  return {
    ...scene,
    /** Runs the filter to its end. @param only the programs that it finds; undefined: all */
    async run(variant: Variant, options: string, ip?: string, only?: readonly string[]) {
      const input = ip === undefined ? '' : `${JSON.stringify({ type: 'ban', ip })}\n`
      if (!only) return await command(variant, `xff-ban ${options} ${state}`, input)
      const folder = join(lab.folder, 'only')
      mkdirSync(folder)
      for (const name of only) {
        const path = `PATH=${folders.get(variant)}:$PATH`
        symlinkSync(await lab.command(['sh', '-c', `${path}; command -v ${name}`]), join(folder, name))
      }
      const program = await lab.command(['sh', '-c', 'command -v xff-ban'])
      return await command(variant, `PATH=${folder} ${program} ${options} ${state}`, input)
    },
    unban: (variant: Variant, options: string) =>
      command(variant, `xff-ban unban ${ATTACKER} ${options} ${state}`),
    isServed: async () => isFromApp(await lab.request({ from: ATTACKER, to: front })),
    rules: async (variant: Variant) =>
      (await Promise.all(FAMILIES.map(family => lab.command([`${family}-${variant}-save`]))))
        .join('\n')
        .split('\n')
        .filter(line => line.includes('xff-ban')),
  }
}
