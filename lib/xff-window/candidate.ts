import type { RequestRecord } from '../wire/record.js'
import type { Seen } from './rules/rules.js'
import type { Reported } from './window.js'

/** A request that may count: what rules look at, and all of it. */
export interface Candidate extends Seen, Reported {
  request: () => RequestRecord
  /** One that can still be asked when the next line is read. */
  kept: () => Candidate
}

export function candidateOf(request: RequestRecord): Candidate {
  const { ip, status, method, uri, host, agent, from } = request
  const candidate: Candidate = {
    ip: ip ?? '',
    status,
    from,
    method: () => method,
    uri: () => uri,
    host: () => host,
    agent: () => agent,
    request: () => request,
    kept: () => candidate,
  }
  return candidate
}
