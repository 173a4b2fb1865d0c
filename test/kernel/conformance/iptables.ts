import { execa } from 'execa'
import type { Test } from 'tap'
import { compileMatch } from '../../../lib/xff-ban/backend/iptables/match.js'
import { iptablesBackend } from '../../../lib/xff-ban/backend/iptables.js'
import { PACKET_FILTER } from '../lab/needs.js'
import { refusedBehind, type Subject, serve } from './enforcement-point.js'

const RESET = ['-j', 'REJECT', '--reject-with', 'tcp-reset']
export const FAMILIES = ['iptables', 'ip6tables'] as const

/** Rules that look into the packets from a front end. */
export const iptables: Subject = {
  name: 'iptables',
  needs: PACKET_FILTER,
  lacks: {
    'bans prefixes': 'an address in a packet is text, and a pattern matches one text',
    'restarts with its bans': 'the rules of the kernel are lost with a reboot',
  },
  async build(t) {
    const port = await serve(t)
    emptyTables(t)
    const name = 'xff-ban'
    return {
      start: () =>
        iptablesBackend({
          ports: [port],
          name,
          chain: 'INPUT',
          protocol: 'tcp',
          match: compileMatch('http', false),
          hint: '',
          mark: 0x10000000,
          warn: () => {},
          block: RESET.slice(1),
        }),
      options: ['--port', String(port), '--packets', 'iptables'],
      refused: refusedBehind(port),
      async theirs(ip) {
        const pattern = ['-m', 'string', '--algo', 'kmp', '--string', `X-Forwarded-For: ${ip}`]
        await execa('iptables', ['-N', 'theirs'])
        await execa('iptables', ['-A', 'theirs', '-p', 'tcp', ...pattern, ...RESET])
        await execa('iptables', ['-A', 'INPUT', '-p', 'tcp', '--dport', String(port), '-j', 'theirs'])
      },
      damages: {
        'the chain flushed': async () => void (await execa('iptables', ['-F', name])),
        'a rule deleted': async () => void (await execa('ip6tables', ['-D', name, '1'])),
        // it stands first
        'the jump deleted': async () => void (await execa('iptables', ['-D', 'INPUT', '1'])),
      },
      async goAway() {
        for (const family of FAMILIES) {
          await execa(family, ['-F'])
          await execa(family, ['-X'])
        }
        return async () => {}
      },
      traces: async () => Promise.all(FAMILIES.map(async family => (await execa(family, ['-S'])).stdout)),
    }
  },
}

/** Leaves the tables to the next test as it should find them. */
export function emptyTables(t: Test): void {
  t.teardown(async () => {
    for (const family of FAMILIES) {
      await execa(family, ['-F'])
      await execa(family, ['-X'])
    }
  })
}
