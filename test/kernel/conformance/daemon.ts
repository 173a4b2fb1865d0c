import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Test } from 'tap'
import { waitFor } from '../../support/wait-for.js'

/** A server that can be stopped and started. */
export interface Daemon {
  start: () => Promise<void>
  stop: () => Promise<void>
}

/** Starts a server that stays in the foreground, and waits until it listens; it ends with the test. */
export async function startDaemon(t: Test, argv: readonly string[], port: number): Promise<Daemon> {
  const [program = '', ...args] = argv
  let child: ChildProcess | undefined
  let complaint = ''

  const start = async () => {
    child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr?.setEncoding('utf8').on('data', text => {
      complaint += text
    })
    await waitFor(`${program} on port ${port}`, () => answers(port)).catch(error => {
      throw new Error(`${error.message}; it wrote: ${complaint}`, { cause: error })
    })
  }
  const stop = async () => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const exit = once(running, 'exit')
    running.kill('SIGTERM')
    await exit
  }
  t.teardown(stop)
  await start()
  return { start, stop }
}

async function answers(port: number): Promise<true> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  return true
}
