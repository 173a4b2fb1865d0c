import { spawnSync } from 'node:child_process'

/** How a unit of systemd is, in words; undefined where there is no systemd, or no such unit in it. */
export interface UnitState {
  /** whether it is about to run, and what runs in it may not answer yet */
  isStarting: boolean
  /** what it does, since when, and who says more */
  text: string
}

const TIMEOUT_MS = 10_000
const PROPERTIES = ['LoadState', 'ActiveState', 'SubState', 'StateChangeTimestamp']

/** How the unit of a jail is. */
export function unitOf(name: string): UnitState | undefined {
  const unit = `xff-jail@${name}`
  const { status, stdout } = spawnSync('systemctl', ['show', `--property=${PROPERTIES.join(',')}`, unit], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? stateIn(unit, stdout) : undefined
}

/** @param shown what `systemctl show` prints: a property a line */
export function stateIn(unit: string, shown: string): UnitState | undefined {
  const values = new Map(
    shown.split('\n').map(line => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')]),
  )
  if (values.get('LoadState') !== 'loaded') return undefined
  const when = values.get('StateChangeTimestamp')
  const since = when ? ` since ${when}` : ''
  const why = `systemctl status ${unit} says why`
  const told = (text: string, isStarting = false) => ({ isStarting, text })
  switch (values.get('ActiveState')) {
    case 'activating':
      return values.get('SubState') === 'auto-restart'
        ? told(`no xff-ban runs: it has ended, and ${unit} starts it again: ${why}`)
        : told(`starting${since}: ${unit} tries the settings and the log`, true)
    case 'active':
    case 'reloading':
      return told(`starting: ${unit} runs${since}, and xff-ban does not answer yet`, true)
    case 'deactivating':
      return told(`stopping${since}`)
    case 'failed':
      return told(`no xff-ban runs: ${unit} has failed${since}: ${why}`)
    default:
      return undefined
  }
}
