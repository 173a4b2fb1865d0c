import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { Socket, type SocketConstructorOpts } from 'node:net'
import { codeOf } from '../exit.js'

const STDOUT = 1

/**
 * Tells when nobody reads stdout any more, if it is a pipe; a write would tell, too, but a command that reads a quiet log
 * may have nothing to write for hours. The kernel reports it to whoever polls the writing end for anything at all
 * (pipe_poll), and nothing else, so that this costs nothing meanwhile. Where it cannot be polled, a write has to tell.
 * @param onGone is called once, and not after the returned function was
 */
export function watchReader(onGone: () => void): () => void {
  if (!isPipe()) return () => {}
  let isStopped = false
  const tell = () => {
    if (!isStopped) onGone()
    isStopped = true
  }
  const socket = openWatch(tell)
  // the process need not stay for it
  socket?.unref().on('error', tell).on('end', tell).resume()
  return () => {
    isStopped = true
    socket?.destroy()
  }
}

function isPipe(): boolean {
  try {
    return fstatSync(STDOUT).isFIFO()
  } catch {
    return false // stdout is closed: the first write will fail
  }
}

/**
 * The writing end of the pipe once more, so that what is done with it does not concern stdout. Node polls a pipe that it
 * writes to only while it is full, and one that it reads only if it was opened for reading; libuv's TCP streams do not
 * ask how they were opened.
 */
function openWatch(onGone: () => void): Socket | undefined {
  let fd: number | undefined
  try {
    fd = openSync(`/proc/self/fd/${STDOUT}`, constants.O_WRONLY | constants.O_NONBLOCK)
    const { TCP, constants: types } = process.binding('tcp_wrap')
    const handle = new TCP(types.SOCKET)
    if (handle.open(fd) !== 0) throw new Error('it cannot be polled')
    const options: SocketConstructorOpts & { handle: unknown } = { handle }
    return new Socket(options)
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    // a pipe with a name, which nobody has open for reading (fifo(7))
    if (codeOf(error) === 'ENXIO') setImmediate(onGone)
    return undefined
  }
}
