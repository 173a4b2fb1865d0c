import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { codeOf, EXIT, ExitError, messageOf } from '../../exit.js'
import { encodeLine } from '../../wire/jsonl.js'
import type { Answer, Request } from '../jail/decide.js'
import { readAll, readAnswer } from './server.js'
import { withSocketPath } from './socket-path.js'

/** How long an answer may take, in milliseconds: the backend may wait for other programs meanwhile. */
const PATIENCE = 60_000
/** A list of a million bans fits in. */
const MOST_TEXT = 1 << 28

/** There is somebody, but no answer: exit code 69 (EX_UNAVAILABLE). */
export class ControlError extends ExitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, EXIT.unavailable, options)
  }
}

/**
 * Asks the running xff-ban, in one go and at most MOST_REQUESTS.
 * @param requests none: for all bans in force
 * @returns undefined when none is running
 * @throws ControlError
 */
export async function ask(path: string, requests: readonly Request[]): Promise<Answer[] | undefined> {
  let socket: Socket
  try {
    socket = await withSocketPath(path, async reachable => {
      const connecting = connect({ path: reachable, allowHalfOpen: true })
      await once(connecting, 'connect')
      return connecting
    })
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined
    throw new ControlError(`cannot speak with the running xff-ban: ${messageOf(error)}`, { cause: error })
  }
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`no answer in ${PATIENCE / 1000} seconds`)))
  try {
    socket.end(requests.map(encodeLine).join(''))
    const lines = (await readAll(socket, MOST_TEXT)).split('\n')
    // the blank line tells that it is whole
    if (lines.pop() !== '' || lines.pop() !== '') throw new Error('the answer broke off')
    const answers = lines.map(readAnswer)
    if (requests.length > 0 && answers.length !== requests.length) throw new Error('not an answer')
    return answers.map(answer => answer ?? { type: 'refused', ip: '', because: 'not an answer' })
  } catch (error) {
    throw new ControlError(`${path}: ${messageOf(error)}`, { cause: error })
  } finally {
    socket.destroy()
  }
}
