import { BoundedMap } from '../bounded-map.js'
import type { Answer } from '../wire/field.js'
import { truncated } from './truncate.js'

/** The newest answer to an address, as bytes: a new object for each failure outlives many collections of garbage. */
export interface NewestAnswer {
  set: (answer: Answer) => void
  get: () => Answer
}

const encoder = new TextEncoder()
/** There are few methods, and clients may invent more. */
const methods = new BoundedMap<string, string>(1000)

export function createNewestAnswer(): NewestAnswer {
  let status: number | undefined
  let method: string | undefined
  let uri = new Uint8Array(0)
  let uriBytes: number | undefined

  return {
    set(answer) {
      status = answer.status
      method = answer.method === undefined ? undefined : methods.getOrMake(answer.method, truncated)
      uriBytes = undefined
      if (answer.uri === undefined) return
      const text = truncated(answer.uri)
      if (uri.length < 3 * text.length) uri = new Uint8Array(3 * text.length + 64)
      uriBytes = encoder.encodeInto(text, uri).written
    },
    get: () => ({
      ...(status === undefined ? {} : { status }),
      ...(method === undefined ? {} : { method }),
      ...(uriBytes === undefined ? {} : { uri: Buffer.from(uri.buffer, 0, uriBytes).toString() }),
    }),
  }
}
