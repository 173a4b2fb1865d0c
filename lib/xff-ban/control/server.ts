import { once } from 'node:events'
import { chmod, mkdtemp, rename, rm, rmdir } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isSystemError, messageOf } from '../../exit.js'
import { encodeLine, parseLine } from '../../wire/jsonl.js'
import type { StatusRecord } from '../../wire/record.js'
import type { Reply } from '../jail/batch.js'
import type { Order } from '../jail/decide.js'
import { withSocketPath } from './socket-path.js'

/** How many orders one connection may send, and how long they may be, in UTF-16 units. */
export const MAX_ORDERS = 1_000
const MAX_LENGTH = 1 << 20
const MAX_CONNECTIONS = 16
/** How long the other side may be silent while it has to send or to read. */
const TIMEOUT_MS = 10_000
/** How much of a reply is written at once, in UTF-16 units. */
const BLOCK_LENGTH = 65_536

/** What can be asked over the socket. */
export interface Controlled {
  list: () => Promise<readonly Reply[]>
  ask: (orders: readonly Order[]) => Promise<Reply[]>
  status: () => StatusRecord
}

/**
 * Lets other processes ask the running xff-ban over a Unix socket that only its user can open. A connection sends
 * records as they come on stdin, or `release` and `drop`, ends its side, and gets a record for each: what is in force, what
 * was dropped, `refused` or `unchanged`. One that sends nothing gets all bans in force, those that are held back, and who is
 * allowed. One that sends a `status` alone gets one. A blank line ends the reply.
 * @param path of the socket; who holds the lock may replace it
 * @returns closes it
 */
export async function serve(
  path: string,
  controlled: Controlled,
  warn: (message: string) => void,
): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {}) // a client that went away needs no reply
    converse(socket, controlled).catch(error => {
      socket.destroy()
      if (!isSystemError(error)) warn(`control socket: ${messageOf(error)}`)
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  try {
    await listen(server, path)
  } catch (error) {
    warn(`list, ban, unban, allow and the other subcommands cannot reach this process: ${messageOf(error)}`)
    return async () => {}
  }
  return async () => {
    server.close()
    for (const socket of sockets) socket.destroySoon()
    // if it stays, the next process finds that nobody listens there
    await rm(path, { force: true }).catch(() => {})
  }
}

/** Makes the socket where no other user can reach it until its mode is set; then it takes the place of an old one. */
async function listen(server: Server, path: string): Promise<void> {
  const folder = await mkdtemp(`${path}.`)
  try {
    const draft = join(folder, 's')
    await withSocketPath(draft, async reachable => {
      server.listen(reachable)
      await once(server, 'listening')
    })
    await chmod(draft, 0o600)
    await rename(draft, path)
  } finally {
    await rmdir(folder).catch(() => {})
  }
}

async function converse(socket: Socket, { list, ask, status }: Controlled): Promise<void> {
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  const text = await readAll(socket)
  const lines = text.split('\n').filter(line => line.trim() !== '')
  socket.setTimeout(0)
  const isStatus = lines.length === 1 && typeof parseLine(lines[0] ?? '', ['status']) !== 'string'
  const replies = isStatus ? [status()] : lines.length === 0 ? await list() : await replyTo(lines, ask)
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  await pipeline(Readable.from(blocksOf(replies)), socket)
}

/** The replies in the order of the lines; what is no order is refused. */
async function replyTo(lines: readonly string[], ask: Controlled['ask']): Promise<Reply[]> {
  const read = lines.map((line, i) =>
    i < MAX_ORDERS ? parseLine(line, ['ban', 'unban', 'allow', 'disallow', 'release', 'drop']) : 'too many',
  )
  const replies = await ask(read.filter(one => typeof one !== 'string'))
  const next = replies.values()
  return read.map(one => {
    const reply = typeof one === 'string' ? undefined : next.next().value
    return reply ?? { type: 'refused', ip: '', reason: String(one) }
  })
}

function* blocksOf(records: readonly (Reply | StatusRecord)[]): Generator<string> {
  let block = ''
  for (const record of records) {
    block += encodeLine(record)
    if (block.length < BLOCK_LENGTH) continue
    yield block
    block = ''
  }
  yield `${block}\n`
}

/** All that comes until the other side ends. @param maxLength in UTF-16 units */
export async function readAll(socket: Socket, maxLength = MAX_LENGTH): Promise<string> {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    text += chunk
    if (text.length > maxLength) socket.destroy(new Error(`more than ${maxLength} characters at once`))
  })
  await Promise.race([
    once(socket, 'end'),
    once(socket, 'close').then(() => Promise.reject(new Error('the other side went away'))),
  ])
  return text
}
