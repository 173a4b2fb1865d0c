import { BoundedMap } from '../bounded-map.js'
import type { Answer } from '../wire/field.js'
import { MAX_UNITS, truncated } from './truncate.js'

const encoder = new TextEncoder()
/** There are few methods, and clients may invent more. */
const methods = new BoundedMap<string, string>(1000)

/** An answer that still lies in the line. */
interface AnswerInPlace {
  status: () => number
  method: () => string
  uri: () => string
  uriLength: () => number
  copyUri: (to: Uint8Array) => void
}

/** The newest answer to an address, as bytes: a new object for each failure outlives many collections of garbage. */
export class NewestAnswer {
  #status: number | undefined
  #method: string | undefined
  #uri = new Uint8Array(0)
  #uriBytes: number | undefined

  set({ status, method, uri }: Answer): void {
    this.#status = status
    this.#method = method === undefined ? undefined : methods.getOrMake(method, truncated)
    this.#uriBytes = uri === undefined ? undefined : this.#put(truncated(uri))
  }

  /** As `set`, without a text of its URI. */
  setLine(line: AnswerInPlace): void {
    const length = line.uriLength()
    if (length > MAX_UNITS) {
      this.set({ status: line.status(), method: line.method(), uri: line.uri() })
      return
    }
    this.#status = line.status()
    this.#method = methods.getOrMake(line.method(), truncated)
    this.#makeRoom(length)
    line.copyUri(this.#uri)
    this.#uriBytes = length
  }

  get(): Answer {
    return {
      ...(this.#status === undefined ? {} : { status: this.#status }),
      ...(this.#method === undefined ? {} : { method: this.#method }),
      ...(this.#uriBytes === undefined
        ? {}
        : { uri: Buffer.from(this.#uri.buffer, 0, this.#uriBytes).toString() }),
    }
  }

  #put(text: string): number {
    this.#makeRoom(3 * text.length)
    // a text of ASCII is written faster here
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 127) return encoder.encodeInto(text, this.#uri).written
      this.#uri[i] = unit
    }
    return text.length
  }

  #makeRoom(bytes: number): void {
    if (this.#uri.length < bytes) this.#uri = new Uint8Array(bytes + 64)
  }
}
