import { BoundedMap } from '../bounded-map.js'
import { summarise } from './registration.js'

/** Looks up the registrations of addresses, a few lines each; those that cannot be found in time are left out. */
export type Whois = (
  ips: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, readonly string[]>>

export interface Server {
  host: string
  port: number | undefined
}

/** For one address, and for all addresses of a mail. */
const LOOKUP_TIMEOUT_MS = 10_000
const TOTAL_TIMEOUT_MS = 30_000
const MAX_CONCURRENT_LOOKUPS = 4
const MAX_ANSWER_BYTES = 65_536
const MAX_CACHED_SUMMARIES = 2048

/**
 * Asks the `whois` program, which knows the registry of each address.
 * @param server the whois server to ask instead of the registry's
 */
export function createWhois(server: Server | undefined, warn: (message: string) => void): Whois {
  const cache = new BoundedMap<string, readonly string[]>(MAX_CACHED_SUMMARIES)
  let missing = false

  const ask = async (ip: string, signal: AbortSignal) => {
    const { execa } = await import('execa')
    const [address = ''] = ip.split('/')
    const at = server ? ['-h', server.host, ...(server.port ? ['-p', String(server.port)] : [])] : []
    const answer = await execa('whois', [...at, '--', address], {
      stdin: 'ignore',
      stderr: 'ignore',
      timeout: LOOKUP_TIMEOUT_MS,
      cancelSignal: signal,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_ANSWER_BYTES,
      reject: false,
    })
    if (answer.code === 'ENOENT') {
      missing = true
      warn('the program whois is missing: mails are sent without its summary')
    }
    return answer.isCanceled || answer.timedOut ? [] : summarise(answer.stdout ?? '')
  }

  return async (ips, stop) => {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(TOTAL_TIMEOUT_MS)])
    const found = new Map<string, readonly string[]>()
    // one iterator, from which several workers take
    const remaining = new Set(ips).values()
    const work = async () => {
      for (const ip of remaining) {
        const summary = cache.get(ip) ?? (missing || signal.aborted ? [] : await ask(ip, signal))
        if (summary.length === 0) continue
        cache.set(ip, summary)
        found.set(ip, summary)
      }
    }
    await Promise.all(Array.from({ length: MAX_CONCURRENT_LOOKUPS }, work))
    return found
  }
}
