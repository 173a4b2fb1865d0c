import { once } from 'node:events'
import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { codeOf } from '../exit.js'
import { asOwned, type OwnedBuffer, release } from '../fast/buffer-pool.js'
import { printableJson } from '../text/printable.js'
import { watchReader } from './stdout-reader.js'

let isWatched = false

/** Writes a text to stdout, as `openOutput` does; a reader that went away (`| head -1`) is no failure. */
export function writeText(text: string): boolean {
  const { stdout } = process
  if (!isWatched)
    stdout.on('error', error => {
      if (codeOf(error) !== 'EPIPE') throw error
    })
  isWatched = true
  return stdout.write(stdout.isTTY ? printableJson(text) : text)
}

/** How much is written at a time: what a pipe holds. */
const BLOCK_LENGTH = 64 * 1024

/** Gathers many small texts; the process ends when nobody reads them. */
export function writeInBlocks() {
  let gathered = ''
  const flush = async () => {
    const text = gathered
    gathered = ''
    if (text !== '' && !(await writeInTurn(text))) process.exit()
  }
  return {
    /** @returns what is to be waited for where the reader may be slow */
    add(text: string): Promise<void> | undefined {
      gathered += text
      return gathered.length < BLOCK_LENGTH ? undefined : flush()
    },
    /** Writes what is left. */
    flush,
  }
}

/** Writes a text, and waits where the reader is slow. @returns whether there is a reader */
async function writeInTurn(text: string): Promise<boolean> {
  const { stdout } = process
  if (stdout.destroyed) return false
  if (!writeText(text)) {
    const waiting = new AbortController()
    const { signal } = waiting
    await Promise.race([once(stdout, 'drain', { signal }), once(stdout, 'close', { signal })]).catch(() => {})
    waiting.abort()
  }
  return !stdout.destroyed
}

/**
 * stdout, which releases the buffers that it has written, and is never shut down, as a shell may share it. It fails with
 * EPIPE when its reader goes away, also while nothing is written. On a terminal nothing in a record steers it.
 */
export function openOutput(): Writable {
  const decoder = process.stdout.isTTY ? new StringDecoder('utf8') : undefined
  const write = (block: OwnedBuffer, done: (error?: Error | null) => void) => {
    process.stdout.write(decoder ? printableJson(decoder.write(block)) : block, error => {
      release(block)
      done(error)
    })
  }
  const output = new Writable({
    write: (block: OwnedBuffer, _encoding, done) => write(block, done),
    // those that came while one was written are short: to copy them takes less than a system call for each
    writev(waiting, done) {
      const blocks = waiting.map(({ chunk }) => asOwned(chunk))
      const joined = asOwned(Buffer.concat(blocks))
      blocks.forEach(release)
      write(joined, done)
    },
  })
  process.stdout.on('error', error => output.destroy(error))
  const stop = watchReader(() =>
    output.destroy(Object.assign(new Error('the reader of stdout went away'), { code: 'EPIPE' })),
  )
  output.once('close', stop)
  return output
}
