import { summarise } from './registration.js'

/** The summaries of what the registries tell about addresses, a few lines each; as many as could be had. */
export type Whois = (
  ips: readonly string[],
  hurry: AbortSignal,
) => Promise<ReadonlyMap<string, readonly string[]>>

export interface Server {
  host: string
  port: number | undefined
}

/** How long one answer may take, and all of a mail's, in milliseconds. */
const PATIENCE = 10_000
const PATIENCE_FOR_ALL = 30_000
/** How many are asked at a time. */
const AT_A_TIME = 4
/** How much of an answer is read, in bytes. */
const MOST = 65_536
/** How many summaries are remembered; the oldest leave first. */
const REMEMBERED = 2048

/**
 * Asks the `whois` program, which knows the registry for an address.
 * @param server the one to ask instead
 */
export function createWhois(server: Server | undefined, warn: (message: string) => void): Whois {
  const remembered = new Map<string, readonly string[]>()
  let missing = false

  const remember = (ip: string, summary: readonly string[]) => {
    remembered.set(ip, summary)
    if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value as string)
  }

  const ask = async (ip: string, signal: AbortSignal) => {
    const { execa } = await import('execa')
    const [address = ''] = ip.split('/')
    const at = server ? ['-h', server.host, ...(server.port ? ['-p', String(server.port)] : [])] : []
    const answer = await execa('whois', [...at, '--', address], {
      stdin: 'ignore',
      stderr: 'ignore',
      timeout: PATIENCE,
      cancelSignal: signal,
      killSignal: 'SIGKILL',
      maxBuffer: MOST,
      reject: false,
    })
    if (answer.code === 'ENOENT') {
      missing = true
      warn('the program whois is missing: mails are sent without its summary')
    }
    return answer.isCanceled || answer.timedOut ? [] : summarise(answer.stdout ?? '')
  }

  return async (ips, hurry) => {
    const signal = AbortSignal.any([hurry, AbortSignal.timeout(PATIENCE_FOR_ALL)])
    const found = new Map<string, readonly string[]>()
    const asked = new Set(ips).values()
    const askOn = async () => {
      for (const ip of asked) {
        const summary = remembered.get(ip) ?? (missing || signal.aborted ? [] : await ask(ip, signal))
        if (summary.length > 0) remember(ip, summary)
        if (summary.length > 0) found.set(ip, summary)
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, askOn))
    return found
  }
}
