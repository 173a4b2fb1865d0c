import type { RequestRecord } from '../wire/record.js'
import type { Candidate } from './candidate.js'
import { type FailureLine, requestIn } from './failure-line.js'

/** What no line of uwsgi-parse's own shape has. */
const none = () => undefined

/**
 * A candidate that is each line in turn, since one of its own for each line would be a lot of garbage; `kept` takes out of
 * the block what is asked for later.
 */
export function createLineCandidate(): (line: FailureLine, ip: string) => Candidate {
  let current: FailureLine
  const candidate = {
    ip: '',
    status: undefined as number | undefined,
    from: undefined,
    method: () => current.method(),
    uri: () => uriOf(current),
    host: none,
    agent: none,
    request: () => current.request(),
    kept: () => new KeptLine(current, candidate.ip),
  }
  return (line, ip) => {
    current = line
    candidate.ip = ip
    candidate.status = line.status()
    return candidate
  }
}

/** One text for many lines, mostly. */
function uriOf(line: FailureLine): string {
  return line.bareUri() ?? line.uri()
}

/** A line that waits. */
class KeptLine implements Candidate {
  readonly ip: string
  readonly status: number
  readonly from = undefined
  readonly #method: string
  readonly #uri: string
  readonly #text: string

  constructor(line: FailureLine, ip: string) {
    this.ip = ip
    this.status = line.status()
    this.#method = line.method()
    this.#uri = uriOf(line)
    this.#text = line.text()
  }

  method(): string {
    return this.#method
  }

  uri(): string {
    return this.#uri
  }

  host(): undefined {}

  agent(): undefined {}

  /** A ban alone needs all of it. */
  request(): RequestRecord {
    return requestIn(this.#text)
  }

  kept(): this {
    return this
  }
}
