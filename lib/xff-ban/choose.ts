import { filesBackend } from './backend/files.js'
import { type Options as IptablesOptions, iptablesBackend } from './backend/iptables.js'
import { nullBackend } from './backend/null.js'
import type { Backend } from './backend.js'

/** What the command line says about enforcement. */
export interface Wishes extends Omit<IptablesOptions, 'ports'> {
  dryRun: boolean
  dir: string | undefined
  ports: readonly number[]
  clock: 'wall' | 'log'
}

/**
 * The one backend that the wishes name.
 * @throws RangeError that names the options
 */
export function chooseBackend(wishes: Wishes): Backend {
  const named = [
    wishes.dryRun && '--dry-run',
    wishes.dir !== undefined && '--dir',
    wishes.ports.length > 0 && '--port',
  ].filter(Boolean)
  if (named.length !== 1) {
    const got = named.length === 0 ? 'none' : named.join(' and ')
    throw new RangeError(`expected one of --port, --dir or --dry-run to say how to ban, got ${got}`)
  }
  if (wishes.clock === 'log' && wishes.ports.length > 0) {
    throw new RangeError(
      '--clock log: expected --dir or --dry-run with it, got --port: the kernel knows one clock only',
    )
  }
  if (wishes.dryRun) return nullBackend()
  if (wishes.dir !== undefined) return filesBackend(wishes.dir)
  return iptablesBackend(wishes)
}
