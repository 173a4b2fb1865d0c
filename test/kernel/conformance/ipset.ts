import { execa } from 'execa'
import type { Test } from 'tap'
import { ipsetBackend } from '../../../lib/xff-ban/backend/ipset.js'
import { ATTACKER, SECOND_ATTACKER } from '../addresses.js'
import { ban } from './ban.js'
import { refusedAt, type Subject, serve } from './enforcement-point.js'
import { FAMILIES } from './iptables.js'

const NAME = 'xff-ban'

/** Sets of the kernel that rules of the user's refer to. */
export const ipset: Subject = {
  name: 'ipset',
  needs: ['ipset', 'iptables', 'ip6tables', 'REJECT', 'IPv6 REJECT', 'xt_set'],
  lacks: { 'restarts with its bans': 'the sets of the kernel are lost with a reboot' },
  async build(t) {
    const port = await serve(t)
    removeSets(t)
    return {
      start: () => ipsetBackend({ name: NAME, now: Date.now }),
      options: ['--set', NAME],
      refused: async ips => {
        await referTo(NAME, port)
        return refusedAt(port)(ips)
      },
      theirs: async ip => {
        await makeSets('theirs')
        await run('add', 'theirs', ip)
        await referTo('theirs', port)
      },
      damages: {
        'an entry deleted': () => run('-exist', 'del', NAME, ATTACKER),
        'a timeout cut short': () => run('-exist', 'add', NAME, SECOND_ATTACKER, 'timeout', '30'),
        'all entries of a family deleted': () => run('flush', NAME),
        'all entries deleted': async () => {
          await run('flush', NAME)
          await run('flush', `${NAME}6`)
        },
      },
      async goAway() {
        for (const family of FAMILIES) await execa(family, ['-F'])
        await run('destroy', NAME)
        await run('destroy', `${NAME}6`)
        return async () => {}
      },
      async traces() {
        for (const family of FAMILIES) await execa(family, ['-F'])
        return (await execa('ipset', ['save'])).stdout
      },
    }
  },

  own: {
    async 'sets that a rule refers to stay at a flush, empty'(t) {
      const { start, refused } = await ipset.build(t)
      await start().open([ban(ATTACKER)])
      t.same(await refused([ATTACKER]), [ATTACKER])
      await start().flush()
      t.same(await entries(), [])
      t.match((await execa('ipset', ['list', '-name'])).stdout, /^xff-ban\nxff-ban6$/m)
    },

    async 'a set of another kind is not ours'(t) {
      const { start } = await ipset.build(t)
      await run('create', NAME, 'hash:ip')
      await run('add', NAME, ATTACKER)
      await t.rejects(start().open([]), { message: /ipset: .*same name already exists/, exitCode: 69 })
      t.same(await entries(), [`${NAME} ${ATTACKER}`])
    },

    async 'a ban longer than the kernel can count is renewed'(t) {
      const backend = (await ipset.build(t)).start()
      await backend.open([ban(ATTACKER, 365 * 86_400)])
      await run('-exist', 'add', NAME, ATTACKER, 'timeout', '1000000')
      t.equal(await backend.reconcile(), undefined, 'nothing is amiss')
      t.match(
        (await execa('ipset', ['save', NAME])).stdout,
        new RegExp(` ${ATTACKER} timeout 21474\\d\\d$`, 'm'),
      )
    },

    async 'all addresses are too many'(t) {
      const { start } = await ipset.build(t)
      t.match(start().refuses('0.0.0.0/0'), /all addresses/)
      t.match(start().refuses('::/0'), /all addresses/)
    },
  },
}

async function entries(): Promise<string[]> {
  const { stdout } = await execa('ipset', ['save'])
  return [...stdout.matchAll(/^add (\S+ \S+)/gm)].map(match => match[1] as string)
}

const run = async (...args: string[]) => void (await execa('ipset', args))

/** Sets of somebody else's. */
export async function makeSets(name: string): Promise<void> {
  await run('create', name, 'hash:net')
  await run('create', `${name}6`, 'hash:net', 'family', 'inet6')
}

/** The rules that a user has of his own: they can be made as soon as there are sets, and stand once. */
export async function referTo(name: string, port: number): Promise<void> {
  const { stdout: sets } = await execa('ipset', ['list', '-name'])
  for (const [family, set] of [['iptables', name] as const, ['ip6tables', `${name}6`] as const]) {
    if (!sets.split('\n').includes(set)) continue
    const match = ['-p', 'tcp', '--dport', String(port), '-m', 'set', '--match-set', set, 'src']
    const rule = ['INPUT', ...match, '-j', 'REJECT', '--reject-with', 'tcp-reset']
    const { failed } = await execa(family, ['-C', ...rule], { reject: false })
    if (failed) await execa(family, ['-A', ...rule])
  }
}

/** Leaves no rules and no sets to the next test. */
export function removeSets(t: Test): void {
  t.teardown(async () => {
    for (const family of FAMILIES) await execa(family, ['-F'])
    await run('destroy')
  })
}
