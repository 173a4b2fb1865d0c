import { connect } from 'node:net'
import { messageOf } from '../../../exit.js'
import { BackendError } from '../backend.js'

/**
 * Sends one command of HAProxy's runtime API.
 * @param maxBytes how long the answer may be
 * @returns the answer without its last newline: `''` from a command that worked and has nothing to tell
 * @throws BackendError
 */
export type Ask = (command: string, maxBytes?: number) => Promise<string>

/** How long an answer may take. */
const TIMEOUT_MS = 10_000
/** The longest answer to a command that asks for nothing long. */
const SHORT_BYTES = 16_384
/** What ends an answer in interactive mode; no answer holds it. */
const PROMPT = '\n> '

/**
 * Speaks with a running HAProxy over its socket (`stats socket PATH level admin`), in interactive mode, so that
 * one connection carries many commands (HAProxy 2.6, management.txt, "Unix Socket commands").
 * @throws BackendError, from HAProxy's absence as from an answer too late or too long
 */
export async function withRuntimeApi<T>(
  path: string,
  work: (ask: Ask) => Promise<T>,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  const socket = connect({ path }).setEncoding('latin1')
  const late = () => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`))
  const limit = setTimeout(late, timeoutMs)
  const received = socket[Symbol.asyncIterator]()

  const ask: Ask = async (command, maxBytes = SHORT_BYTES) => {
    limit.refresh()
    socket.write(`${command}\n`)
    const chunks: string[] = []
    let length = 0
    for (let end = ''; end !== PROMPT; ) {
      const { value, done } = await received.next()
      if (done) throw new Error('it closed the connection')
      length += value.length
      if (length > maxBytes) throw new Error(`its answer is longer than ${maxBytes} bytes`)
      chunks.push(value)
      end = (end + value).slice(-PROMPT.length)
    }
    // it asks for each line of a payload with `+ `
    return chunks
      .join('')
      .slice(0, -PROMPT.length)
      .replace(/^(?:\+ )+/, '')
      .trimEnd()
  }

  try {
    await ask('prompt')
    return await work(ask)
  } catch (error) {
    if (error instanceof BackendError) throw error
    throw new BackendError(`HAProxy at ${path}: ${messageOf(error)}`, { cause: error })
  } finally {
    clearTimeout(limit)
    socket.destroy()
  }
}
