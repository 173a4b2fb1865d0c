import { once } from 'node:events'
import { chmod, mkdtemp, rename, rm, rmdir } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isSystemError, messageOf } from '../../exit.js'
import { encodeLine, parseLine } from '../../wire/jsonl.js'
import type { BanRecord } from '../../wire/record.js'
import type { Answer, Declined, Request } from '../jail/decide.js'
import { withSocketPath } from './socket-path.js'

/** The requests of one connection: how many, and how many UTF-16 units they may have. */
export const MOST_REQUESTS = 1_000
const MOST_TEXT = 1 << 20
const CONNECTIONS = 16
/** How long the other side may be silent while it has to send or to read, in milliseconds. */
const PATIENCE = 10_000
/** How much of an answer is written at once, in UTF-16 units. */
const BLOCK = 65_536

/** What the socket speaks for. */
export interface Controlled {
  list: () => Promise<readonly BanRecord[]>
  ask: (requests: readonly Request[]) => Promise<Answer[]>
}

/**
 * Lets others speak with the running xff-ban over a Unix socket that only its user can open. A connection sends
 * ban and unban records as they come on stdin, ends its side, and gets a line for each: the record in force, or
 * why there is none (`Declined`). One that sends nothing gets all bans in force. A blank line ends the answer.
 * @param path of the socket; whoever has the lock may replace it
 * @returns what ends it
 */
export async function serve(path: string, controlled: Controlled, warn: (message: string) => void) {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {}) // whoever went away needs no answer
    converse(socket, controlled).catch(error => {
      socket.destroy()
      if (!isSystemError(error)) warn(`control: ${messageOf(error)}`)
    })
  })
  server.maxConnections = CONNECTIONS
  try {
    await listen(server, path)
  } catch (error) {
    warn(`nobody can speak with this process: ${messageOf(error)}`)
    return async () => {}
  }
  return async () => {
    server.close()
    for (const socket of sockets) socket.destroySoon()
    // what is left behind is known for dead by the next
    await rm(path, { force: true }).catch(() => {})
  }
}

/** Made where nobody else can reach it until its mode is set; then it takes the place of a dead one. */
async function listen(server: ReturnType<typeof createServer>, path: string): Promise<void> {
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

async function converse(socket: Socket, { list, ask }: Controlled): Promise<void> {
  socket.setTimeout(PATIENCE, () => socket.destroy())
  const text = await readAll(socket)
  const lines = text.split('\n').filter(line => line.trim() !== '')
  socket.setTimeout(0)
  const answers = lines.length === 0 ? await list() : await answer(lines, ask)
  socket.setTimeout(PATIENCE, () => socket.destroy())
  await pipeline(Readable.from(blocks(answers)), socket)
}

/** The answers in the order of the lines, those that are no requests declined. */
async function answer(lines: readonly string[], ask: Controlled['ask']): Promise<Answer[]> {
  const read = lines.map((line, i) => (i < MOST_REQUESTS ? parseLine(line, ['ban', 'unban']) : 'too many'))
  const asked = await ask(read.filter(one => typeof one !== 'string') as Request[])
  let next = 0
  return read.map(one =>
    typeof one === 'string' ? { type: 'refused', ip: '', because: one } : (asked[next++] as Answer),
  )
}

function* blocks(answers: readonly Answer[]): Generator<string> {
  let block = ''
  for (const one of answers) {
    block += encodeLine(one as BanRecord)
    if (block.length < BLOCK) continue
    yield block
    block = ''
  }
  yield `${block}\n`
}

/** All that comes until the other side ends. */
export async function readAll(socket: Socket, most = MOST_TEXT): Promise<string> {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    text += chunk
    if (text.length > most) socket.destroy(new Error(`more than ${most} characters at once`))
  })
  await Promise.race([
    once(socket, 'end'),
    once(socket, 'close').then(() => Promise.reject(new Error('the other side went away'))),
  ])
  return text
}

/** Reads a line of an answer; null for one that is none. */
export function readAnswer(line: string): Answer | null {
  const record = parseLine(line, ['ban', 'unban'])
  if (typeof record !== 'string') return record as Answer
  try {
    const { type, ip, because } = JSON.parse(line) as Declined
    const known = type === 'refused' || type === 'nothing'
    return known && typeof ip === 'string' && typeof because === 'string' ? { type, ip, because } : null
  } catch {
    return null
  }
}
