import { formatInstant } from '../../record.js'
import { type Backend, BackendError, type Change } from '../backend.js'
import type { Ban } from '../jail.js'
import type { Match } from './match.js'

export interface Options {
  /** the app's ports: where packets from the front end arrive */
  ports: readonly number[]
  /** the chain of our own */
  name: string
  /** the built-in chain that jumps to it */
  chain: string
  protocol: string
  match: Match
  /** why packets may not match after all */
  hint: string
  /** the words of the target, as `REJECT --reject-with tcp-reset` */
  block: readonly string[]
}

/** The last second that `-m time` can hold (32 bits). */
const LAST_SECOND = 2 ** 31 - 1
/** How long a command may take, in milliseconds; it waits for the lock of other iptables runs meanwhile. */
const PATIENCE = 30_000

/**
 * A chain of our own, reached from INPUT, with a rule for each pattern of each banned client. The rules hold
 * the end of the ban, so the kernel ends it whatever has become of us. They stand in both families: the
 * family of a packet is that of the connection from the front end, whatever the client's address is.
 * Everything but the reading of the jumps goes through one `iptables-restore --noflush` a family.
 */
export function iptablesBackend(options: Options): Backend {
  const families = ['iptables', 'ip6tables'] as const
  const { name, match } = options
  let inForce = new Map<string, Ban>()

  const rules = ({ ip, until }: Ban): string[] => {
    // a rule still holds in the second that datestop names
    const stop = formatInstant(Math.min(Math.ceil(until / 1000) - 1, LAST_SECOND) * 1000).slice(0, 19)
    // hex throughout: no byte of a pattern can mean anything to iptables-restore
    return match(ip).map(
      pattern =>
        `${name} -p ${options.protocol} -m time --datestop ${stop} ` +
        `-m string --algo kmp --hex-string |${pattern.toString('hex')}| -j ${options.block.join(' ')}`,
    )
  }

  const restore = async (lines: string[]) => {
    if (lines.length === 0) return
    const input = ['*filter', ...lines, 'COMMIT', ''].join('\n')
    for (const family of families) await command(`${family}-restore`, ['--noflush', '--wait'], input)
  }

  return {
    name: `iptables chain ${name}`,
    hint: options.hint,
    refuses: ip => (ip.includes('/') ? 'packets are searched for one address, not for a prefix' : undefined),

    async open(bans) {
      inForce = new Map(bans.map(ban => [ban.ip, ban]))
      for (const family of families) {
        // naming a chain makes it, or empties it
        const lines = [`:${name} - [0:0]`, ...bans.flatMap(rules).map(rule => `-A ${rule}`)]
        const jumps = await jumpsTo(family, options)
        for (const jump of jumps) lines.push(jump.replace(/^-A/, '-D'))
        for (const port of options.ports) {
          lines.push(`-I ${options.chain} 1 -p ${options.protocol} --dport ${port} -j ${name}`)
        }
        await command(
          `${family}-restore`,
          ['--noflush', '--wait'],
          ['*filter', ...lines, 'COMMIT', ''].join('\n'),
        )
      }
    },

    async apply(changes: readonly Change[]) {
      const after = new Map(inForce)
      for (const change of changes) {
        if ('ban' in change) after.set(change.ban.ip, change.ban)
        else after.delete(change.unban)
      }
      const gone = [...inForce.values()].filter(ban => after.get(ban.ip) !== ban)
      const come = [...after.values()].filter(ban => inForce.get(ban.ip) !== ban)
      await restore([
        ...gone.flatMap(rules).map(rule => `-D ${rule}`),
        ...come.flatMap(rules).map(rule => `-A ${rule}`),
      ])
      inForce = after
    },

    async verify() {
      const amiss: string[] = []
      for (const family of families) {
        const jumps = await jumpsTo(family, options)
        const rules = await command(family, ['--wait', '-S', name]).catch(() => '')
        const expected = [...inForce.values()].reduce((count, ban) => count + match(ban.ip).length, 0)
        const found = rules.split('\n').filter(rule => rule.startsWith('-A ')).length
        if (jumps.length !== options.ports.length)
          amiss.push(`${family}: the jump from ${options.chain} was gone`)
        else if (found !== expected) amiss.push(`${family}: ${found} of ${expected} rules stood in ${name}`)
      }
      if (amiss.length === 0) return undefined
      await this.open([...inForce.values()])
      return amiss.join('; ')
    },

    async flush() {
      for (const family of families) {
        const jumps = await jumpsTo(family, options)
        const lines = [`:${name} - [0:0]`, ...jumps.map(jump => jump.replace(/^-A/, '-D')), `-X ${name}`]
        await command(
          `${family}-restore`,
          ['--noflush', '--wait'],
          ['*filter', ...lines, 'COMMIT', ''].join('\n'),
        )
      }
      inForce = new Map()
    },
  }
}

/** The rules of the built-in chain that jump to ours, as `-A INPUT ... -j NAME`. */
async function jumpsTo(family: string, { chain, name }: Options): Promise<string[]> {
  const listing = await command(family, ['--wait', '-S', chain])
  return listing.split('\n').filter(rule => rule.startsWith(`-A ${chain} `) && rule.endsWith(` -j ${name}`))
}

/** Runs a program without a shell. */
async function command(program: string, args: readonly string[], input = ''): Promise<string> {
  const { execa } = await import('execa')
  const result = await execa(program, args, { input, reject: false, timeout: PATIENCE })
  if (!result.failed) return result.stdout
  const reason =
    result.code === 'ENOENT' ? 'not installed' : (result.stderr || result.shortMessage || '').trim()
  throw new BackendError(`${program}: ${reason}`)
}
