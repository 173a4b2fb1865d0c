import type { AnyRecord } from '../wire/record.js'
import { type Deadline, type Item, RefusedError } from './outbox.js'
import { plainLine } from './plain-line.js'

/** A request body of JSON Lines, or of one JSON array. */
export type Format = 'lines' | 'array'

const RESPONSE_TIMEOUT_MS = 30_000
/** The longest error text that is shown, in UTF-16 units. */
const MAX_ERROR_UNITS = 200
/** The 4xx statuses after which a retry makes sense: timeout, too early, too many requests. */
const RETRY_STATUSES = [408, 425, 429]

/** Delivers batches of records by POST. Name and password in the URL become an Authorization header. */
export function webhookDelivery(url: URL, format: Format) {
  const target = new URL(url)
  target.username = ''
  target.password = ''
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const headers = {
    'Content-Type': format === 'lines' ? 'application/x-ndjson' : 'application/json',
    ...(login === ':' ? {} : { Authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
  }
  return async (items: readonly Item<AnyRecord>[], { stop }: Deadline): Promise<void> => {
    const lines = items.map(({ line }) => line)
    const body = format === 'lines' ? lines.join('') : `[${lines.map(line => line.trimEnd()).join(',')}]`
    const signal = AbortSignal.any([stop, AbortSignal.timeout(RESPONSE_TIMEOUT_MS)])
    const response = await fetch(target, {
      method: 'POST',
      headers,
      body,
      // following a redirect may turn a POST into a GET
      redirect: 'manual',
      signal,
    }).catch(error => {
      throw new Error(
        plainLine(String(error.cause?.message || error.cause?.code || error.message), MAX_ERROR_UNITS),
      )
    })
    await response.body?.cancel()
    const { status } = response
    if (response.ok) return
    if (status < 500 && !RETRY_STATUSES.includes(status))
      throw new RefusedError(`the server answered ${status}`)
    throw new Error(`the server answered ${status}`)
  }
}
