import { readFileSync, readlinkSync } from 'node:fs'
import { waitFor } from '../../support/wait-for.js'
import type { Program } from './program.js'

/** How `/proc/net/tcp` and `tcp6` write that a socket listens (the kernel's TCP_LISTEN). */
const LISTEN = '0A'

/**
 * Waits until somebody listens on these ports in a program's namespace. It is read from the kernel's table: a
 * connection to find out would be one more that the server has to deal with.
 * @throws Error with what the program wrote, when it ended instead
 */
export async function listening(program: Program, ports: readonly number[]): Promise<void> {
  await waitFor(`somebody to listen on ${ports}`, () => {
    if (program.ended()) return true
    if (networkOf(program.pid) === networkOf('self')) return false // not there yet
    const open = openPorts(program.pid)
    return ports.every(port => open.has(port))
  })
  if (program.ended()) throw new Error(`ended instead of listening on ${ports}: ${program.written().stderr}`)
}

function networkOf(pid: number | 'self'): string {
  return readlinkSync(`/proc/${pid}/ns/net`)
}

function openPorts(pid: number): Set<number> {
  const open = new Set<number>()
  const tables = ['tcp', 'tcp6'].map(table => readFileSync(`/proc/${pid}/net/${table}`, 'utf8'))
  for (const line of tables.join('').split('\n')) {
    // sl  local_address rem_address   st ...
    const [, local = '', , state] = line.trim().split(/\s+/)
    if (state === LISTEN) open.add(Number.parseInt(local.slice(local.indexOf(':') + 1), 16))
  }
  return open
}
