import type { AnyRecord } from '../wire/record.js'
import { type Item, RefusedError, type Urgency } from './outbox.js'
import { plain } from './plain.js'

/** JSON Lines, or one JSON array. */
export type Format = 'lines' | 'array'

/** How long an answer may take, in milliseconds. */
const PATIENCE = 30_000
/** Statuses of the 4xx that ask for another try: timeout, too early, too many. */
const LATER = [408, 425, 429]

/** What posts records to a server. Name and password in the URL become an Authorization header. */
export function webhook(url: URL, format: Format) {
  const target = new URL(url)
  target.username = ''
  target.password = ''
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const headers = {
    'Content-Type': format === 'lines' ? 'application/x-ndjson' : 'application/json',
    ...(login === ':' ? {} : { Authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
  }
  return async (items: readonly Item<AnyRecord>[], { over }: Urgency): Promise<void> => {
    const lines = items.map(({ line }) => line)
    const body = format === 'lines' ? lines.join('') : `[${lines.map(line => line.trimEnd()).join(',')}]`
    const signal = AbortSignal.any([over, AbortSignal.timeout(PATIENCE)])
    const response = await fetch(target, {
      method: 'POST',
      headers,
      body,
      // a POST that is redirected may come out as a GET
      redirect: 'manual',
      signal,
    }).catch(error => {
      throw new Error(plain(String(error.cause?.message || error.cause?.code || error.message), 200))
    })
    await response.body?.cancel()
    const { status } = response
    if (response.ok) return
    if (status < 500 && !LATER.includes(status)) throw new RefusedError(`the server answered ${status}`)
    throw new Error(`the server answered ${status}`)
  }
}
