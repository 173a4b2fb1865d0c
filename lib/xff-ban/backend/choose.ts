import type { Backend } from './backend.js'
import { execBackend } from './exec.js'
import { filesBackend } from './files.js'
import { haproxyBackend } from './haproxy.js'
import { ipsetBackend } from './ipset.js'
import type { Options as IptablesOptions } from './iptables.js'
import { nginxBackend } from './nginx.js'
import { nullBackend } from './null.js'
import type { PacketWishes } from './packets.js'

/** What the command line says about enforcement; what it does not say is undefined. */
export interface Wishes extends Omit<IptablesOptions, 'ports'> {
  dryRun: boolean
  dir: string | undefined
  ports: readonly number[]
  policing: PacketWishes
  haproxy: string | undefined
  map: string | undefined
  nginx: string | undefined
  nginxCommand: readonly string[] | undefined
  set: string | undefined
  onBan: readonly string[] | undefined
  onUnban: readonly string[] | undefined
  /** in seconds */
  execTimeout: number | undefined
  clock: 'wall' | 'log'
  /** the journal's file, beside which a backend may keep one of its own */
  state: string
  now: () => number
  warn: (message: string) => void
}

/** In seconds. */
const EXEC_TIMEOUT = 10

/**
 * The one backend that the wishes name.
 * @throws RangeError that names the options
 */
export async function chooseBackend(wishes: Wishes): Promise<Backend> {
  const { dir, haproxy, map, nginx, nginxCommand, set, onBan, onUnban, execTimeout, now, warn } = wishes
  together('--haproxy', haproxy, '--map', map)
  together('--on-ban', onBan, '--on-unban', onUnban)
  needs('--nginx-command', nginxCommand, '--nginx', nginx)
  needs('--exec-timeout', execTimeout, '--on-ban', onBan)
  const ways = {
    '--port': wishes.ports.length > 0 ? wishes.ports : undefined,
    '--dir': dir,
    '--haproxy': haproxy,
    '--nginx': nginx,
    '--set': set,
    '--on-ban': onBan,
    '--dry-run': wishes.dryRun || undefined,
  }
  const named = Object.entries(ways).flatMap(([option, given]) => (given === undefined ? [] : option))
  if (named.length !== 1) {
    const got = named.length === 0 ? 'none' : named.join(' and ')
    const all = Object.keys(ways)
    throw new RangeError(
      `expected one of ${all.slice(0, -1).join(', ')} or ${all.at(-1)} to say how to ban, got ${got}`,
    )
  }
  if (wishes.clock === 'log' && dir === undefined && !wishes.dryRun) {
    throw new RangeError(
      `--clock log: expected --dir or --dry-run with it, got ${named}: what refuses people now has a clock of its own`,
    )
  }
  if (wishes.ports.length === 0) rejectPacketOptions(wishes.policing)
  if (wishes.dryRun) return nullBackend()
  if (dir !== undefined) return filesBackend(dir)
  if (haproxy !== undefined && map !== undefined) return haproxyBackend({ socket: haproxy, map })
  if (nginx !== undefined) return nginxBackend({ file: nginx, command: nginxCommand ?? ['nginx'] })
  if (set !== undefined) return ipsetBackend({ name: set, now })
  if (onBan !== undefined && onUnban !== undefined) {
    const timeout = (execTimeout ?? EXEC_TIMEOUT) * 1000
    return execBackend({ onBan, onUnban, timeout, memory: `${wishes.state}.told`, warn })
  }
  // the two that are large
  const { packetBackend } = await import('./packets.js')
  return packetBackend(wishes.policing, wishes)
}

function rejectPacketOptions({ packets, onlyBpf, hits }: PacketWishes): void {
  const given = [...(packets === 'auto' ? [] : ['--packets']), ...onlyBpf, ...(hits ? ['--hits'] : [])]
  if (given.length > 0) throw new RangeError(`${given.join(' and ')}: expected --port with it, got none`)
}

function needs(option: string, given: unknown, other: string, value: unknown): void {
  if (given !== undefined && value === undefined)
    throw new RangeError(`${option}: expected ${other} with it, got none`)
}

function together(one: string, first: unknown, other: string, second: unknown): void {
  needs(one, first, other, second)
  needs(other, second, one, first)
}
