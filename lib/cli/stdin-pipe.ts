import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { Readable } from 'node:stream'
import type { LineBlocks } from './line-blocks.js'

/**
 * Reads stdin, which is a pipe, into blocks that are used again. process.stdin makes 64 KB of garbage of each piece and
 * passes it through several promises, which takes as long as what is then done with it.
 * @returns the stream, and what ends it before the pipe does
 */
export function readStdin(blocks: LineBlocks): { stream: Readable; end: () => void } {
  let ended = false
  const end = () => {
    if (ended) return
    ended = true
    socket.destroy()
    stream.push(blocks.rest())
    stream.push(null)
  }
  const stream = new Readable({
    read() {
      socket.resume()
    },
    destroy(error, done) {
      socket.destroy()
      done(error)
    },
  })
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd: 0,
    writable: false,
    onread: { buffer: blocks.room, callback: size => stream.push(blocks.take(size)) },
  }
  const socket = new Socket(options)
  // a second socket of this descriptor cannot be opened, and a mere look at process.stdin (by execa) opens one
  Object.defineProperty(process, 'stdin', { value: socket, configurable: true })
  socket
    .pause()
    .on('end', end)
    .on('error', error => stream.destroy(error))
  return { stream, end }
}
