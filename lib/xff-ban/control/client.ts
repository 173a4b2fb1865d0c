import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { codeOf, EXIT, ExitError, messageOf } from '../../exit.js'
import { encodeLine, parseLine } from '../../wire/jsonl.js'
import type { AnyRecord, RecordOf, RecordType, StatusRecord } from '../../wire/record.js'
import type { Reply } from '../jail/batch.js'
import type { Order } from '../jail/decide.js'
import { readAll } from './server.js'
import { withSocketPath } from './socket-path.js'

/** How long a reply may take: the backend may wait for other programs meanwhile. */
const TIMEOUT_MS = 60_000
/** How long the replies may be, in UTF-16 units: the list of a million bans fits in. */
const MAX_LENGTH = 1 << 28

/** An xff-ban runs, but does not reply: exit code 69 (EX_UNAVAILABLE). */
export class ControlError extends ExitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, EXIT.unavailable, options)
  }
}

/**
 * Asks the running xff-ban, in one go and at most MAX_ORDERS.
 * @param orders none: for all bans in force, those that are held back, and who is allowed
 * @returns undefined when none is running
 * @throws ControlError
 */
export async function ask(path: string, orders: readonly Order[]): Promise<Reply[] | undefined> {
  const records = await converse(path, orders, [
    'ban',
    'unban',
    'allow',
    'disallow',
    'held',
    'refused',
    'unchanged',
  ])
  if (records && orders.length > 0 && records.length !== orders.length)
    throw new ControlError(`${path}: not a reply to what was asked`)
  return records
}

/**
 * Asks the running xff-ban how it is.
 * @returns undefined when none is running
 * @throws ControlError
 */
export async function askStatus(path: string): Promise<StatusRecord | undefined> {
  const [status] = (await converse(path, [{ type: 'status' }], ['status'])) ?? []
  return status
}

async function converse<T extends RecordType>(
  path: string,
  lines: readonly AnyRecord[],
  expected: readonly T[],
): Promise<RecordOf<T>[] | undefined> {
  const socket = await connectTo(path)
  if (!socket) return undefined
  const late = () => socket.destroy(new Error(`no reply in ${TIMEOUT_MS / 1000} seconds`))
  socket.setTimeout(TIMEOUT_MS, late)
  try {
    socket.end(lines.map(encodeLine).join(''))
    const replies = (await readAll(socket, MAX_LENGTH)).split('\n')
    // the blank line tells that it is whole
    if (replies.pop() !== '' || replies.pop() !== '') throw new Error('the reply broke off')
    return replies.map(line => readReply(line, expected))
  } catch (error) {
    throw new ControlError(`${path}: ${messageOf(error)}`, { cause: error })
  } finally {
    socket.destroy()
  }
}

/** @returns undefined when none is running */
async function connectTo(path: string): Promise<Socket | undefined> {
  try {
    return await withSocketPath(path, async reachable => {
      const socket = connect({ path: reachable, allowHalfOpen: true })
      await once(socket, 'connect')
      return socket
    })
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined
    throw new ControlError(`cannot reach the running xff-ban: ${messageOf(error)}`, { cause: error })
  }
}

function readReply<T extends RecordType>(line: string, expected: readonly T[]): RecordOf<T> {
  const record = parseLine(line, expected)
  if (typeof record === 'string') throw new Error(`a reply is ${record}`)
  return record
}
