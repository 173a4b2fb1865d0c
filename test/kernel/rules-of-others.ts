/** The kernel's rules are what the jail says, whatever others do to them, and others' rules are left alone. */
import { fileURLToPath } from 'node:url'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6, USER } from './addresses.js'
import { isRefused, othersAreServed } from './lab/attack.js'
import type { Call, Outcome } from './lab/backend.js'
import { createLab, type Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'

const NEEDS = ['nginx', ...APP, ...PACKET_FILTER]
const SCRIPT = fileURLToPath(new URL('lab/backend.js', import.meta.url))

/** A jail of the lab's app. */
function startJail(lab: Lab, name: string, match = 'nginx') {
  const program = lab.pipeline(`exec ${process.execPath} ${SCRIPT} ${name} ${match}`)
  let calls = 0
  return async (does: Call['does'], ...ips: string[]): Promise<Outcome> => {
    const call = calls++
    program.stdin.write(`${JSON.stringify({ does, ips })}\n`)
    return (await waitFor(`the outcome of ${does}`, () => program.records()[call])) as unknown as Outcome
  }
}

/** Every rule and chain of the app host, counters and dates aside. */
async function rulesOf(lab: Lab): Promise<string[]> {
  const saved = await lab.command(['iptables-save'])
  return saved
    .split('\n')
    .filter(line => !line.startsWith('#'))
    .map(line => line.replace(/ \[\d+:\d+\]$/, ''))
}

const EARLY = '-A INPUT -p tcp -j ACCEPT'

kernelTest('what others do to the rules is undone', NEEDS, async t => {
  const lab = await createLab(t)
  const uwsgi = await lab.uwsgi({ http: 3031 })
  const scene = { lab, uwsgi, front: await lab.nginx({ to: [uwsgi.http], forwarded: 'set' }) }
  const jail = startJail(lab, 'jail')
  // enough of them for chains beneath chains
  const others = Array.from({ length: 40 }, (_, i) => `203.0.${i % 4}.${i}`)
  t.same(await jail('open', ATTACKER, ATTACKER6, ...others), { said: [] })
  t.same(await jail('verify'), { said: [] }, 'nothing is amiss')
  const whole = await rulesOf(lab)
  const [, chain = ''] = /^-A (jail\/\S+) .* -j MARK/m.exec(whole.join('\n')) ?? []

  const iptables = ['iptables', '-t', 'mangle'] as const
  const isUndone = async (amiss: RegExp, ...argv: [string, ...string[]]) => {
    await lab.command(argv)
    t.match(await jail('verify'), { amiss }, argv.join(' '))
    t.same(
      (await rulesOf(lab)).filter(line => line !== EARLY),
      whole,
      'all is as it was',
    )
  }
  await isUndone(/the jump from INPUT was gone/, ...iptables, '-F', 'INPUT')
  await isUndone(/not the first/, ...iptables, ...EARLY.replace('-A', '-I').split(' '))
  await isUndone(/the jump from INPUT was gone/, ...iptables, '-F')
  await isUndone(/the jump from INPUT was gone/, 'sh', '-c', 'iptables -t mangle -F && iptables -t mangle -X')
  await isUndone(/: 0 of \d+ rules stood in jail\//, ...iptables, '-F', chain)
  await isUndone(/ of \d+ rules stood in jail\//, ...iptables, '-I', chain, '-j', 'RETURN')
  await isUndone(/nft: our table/, 'nft', 'delete', 'table', 'inet', 'xff-ban/jail')
  await isUndone(/nft: our table/, 'nft', 'flush', 'chain', 'inet', 'xff-ban/jail', 'behind')
  t.same(await jail('verify'), { said: [] }, 'nothing is amiss')
  await isRefused(t, scene, ATTACKER)
  await isRefused(t, scene, ATTACKER6)
  await othersAreServed(t, scene)

  await lab.command([...iptables, '-F'])
  t.match(
    await jail('ban', USER),
    { said: [/the jump from INPUT was gone; restored/] },
    'a change looks first',
  )
  await isRefused(t, scene, ATTACKER)
  await isRefused(t, scene, USER)
})

kernelTest('jails and the rules of others live side by side', NEEDS, async t => {
  const lab = await createLab(t)
  const uwsgi = await lab.uwsgi({ http: 3031 })
  const scene = { lab, uwsgi, front: await lab.nginx({ to: [uwsgi.http], forwarded: 'set' }) }
  const foreign = [
    '*filter',
    ':other - [0:0]',
    ':jail2 - [0:0]',
    '-A INPUT -p tcp -j other',
    '-A other -j ACCEPT',
  ]
  await lab.command(['iptables-restore', '--noflush'], { input: [...foreign, 'COMMIT', ''].join('\n') })
  await lab.command(['nft', 'add', 'table', 'inet', 'jail'])
  const untouched = await rulesOf(lab)

  const one = startJail(lab, 'jail')
  const two = startJail(lab, 'jail-2')
  await one('open', ATTACKER, USER)
  await two('open', ATTACKER6)
  t.same(await one('verify'), { said: [] }, 'nothing is amiss for the one')
  t.same(await two('verify'), { said: [] }, 'nor for the other, whose jump stands behind')
  for (const attacker of [ATTACKER, ATTACKER6]) await isRefused(t, scene, attacker)

  t.comment('again, after a death, with patterns and bans that are not the same')
  const again = startJail(lab, 'jail', 'http')
  await again('open', ATTACKER)
  const jumps = (await rulesOf(lab)).filter(line => / --dport 3031 .*-j jail$/.test(line))
  t.equal(jumps.length, 1, 'one jump a jail')
  t.equal(
    (await rulesOf(lab)).filter(line => line.startsWith('-A jail ')).length,
    1,
    'and its own rules only',
  )
  await isRefused(t, scene, ATTACKER)
  await othersAreServed(t, scene)

  await again('flush')
  await isRefused(t, scene, ATTACKER6)
  t.match(await lab.command(['nft', 'list', 'tables']), 'table inet xff-ban/jail-2')
  await two('flush')
  const emptied = /^(\*mangle|:(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) ACCEPT|COMMIT|)$/
  const left = (await rulesOf(lab)).filter(line => !emptied.test(line))
  t.same(
    left,
    untouched.filter(line => !emptied.test(line)),
    'what others had is left, and nothing of ours',
  )
  t.match(await lab.command(['nft', 'list', 'tables']), /table inet jail$/m)
  t.notMatch(await lab.command(['nft', 'list', 'tables']), 'xff-ban')
})
