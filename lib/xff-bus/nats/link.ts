import type { ConnectionOptions, MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import { EXIT, ExitError, messageOf } from '../../exit.js'
import { inboxOf } from './names.js'

/** The connection to the servers, which is made again whenever it is lost. */
export interface Link {
  connection: NatsConnection
  newHeaders: () => MsgHdrs
  newInbox: () => string
  warn: (message: string) => void
  reconnects: () => number
  isConnected: () => boolean
  /** fails when the servers have ended it for good, as for a key that was revoked; else never ends */
  gone: Promise<never>
  /** Is told whenever the connection is there again. */
  onReconnect: (listener: () => void) => () => void
}

export interface LinkOptions {
  servers: readonly string[]
  /** of the user: its inbox has this name */
  name: string
  /** the content of a file with a seed, or with credentials */
  nkey?: Buffer | undefined
  creds?: Buffer | undefined
  /** the path of a file with certificates of authorities */
  ca?: string | undefined
  /** whether a server has to speak TLS: one that does not is refused */
  isTls: boolean
  /** whether to try for ever: a filter does not end because its broker is away */
  isPatient: boolean
  warn: (message: string) => void
}

/**
 * Connects. The defaults of the library end after ten attempts, and find a dead connection after minutes.
 * @throws ExitError 69 where a server refuses it, or where none answers and it is not patient
 */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { connect, headers, createInbox, nkeyAuthenticator, credsAuthenticator } = await import(
    '@nats-io/transport-node'
  )
  const { servers, name, nkey, creds, ca, isTls, isPatient, warn } = options
  const inboxPrefix = inboxOf(name)
  const settings: ConnectionOptions = {
    servers: [...servers],
    name: `xff-bus ${name}`,
    // of its own, so that permissions can keep others out of it
    inboxPrefix,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    reconnectJitterTLS: 250,
    pingInterval: 5_000,
    maxPingOut: 2,
    timeout: 3_000,
    ignoreAuthErrorAbort: false,
    ...(nkey ? { authenticator: nkeyAuthenticator(seedIn(nkey)) } : {}),
    ...(creds ? { authenticator: credsAuthenticator(creds) } : {}),
    ...(isTls || ca !== undefined ? { tls: ca === undefined ? {} : { caFile: ca } } : {}),
  }
  const where = servers.join(', ')
  let away = false
  let connection: NatsConnection
  for (let attempt = 1; ; attempt++) {
    try {
      connection = await connect(settings)
      break
    } catch (error) {
      if (isRefusal(error) || !isPatient) throw unusable(where, error)
      if (!away) warn(`no broker at ${where} (${messageOf(error)}): waits for it`)
      away = true
      await new Promise(resolve => setTimeout(resolve, Math.min(1_000, 100 * attempt)))
    }
  }
  if (away) warn(`the broker is there: ${connection.getServer()}`)
  let reconnects = 0
  let isConnected = true
  const listeners = new Set<() => void>()
  const watch = async () => {
    let told = ''
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        if (isConnected) warn('the broker is away')
        isConnected = false
      } else if (status.type === 'reconnect') {
        isConnected = true
        reconnects += 1
        warn(`the broker is back: ${status.server}`)
        for (const listener of listeners) listener()
      } else if (status.type === 'error' && status.error.message !== told) {
        told = status.error.message
        warn(`the broker says: ${told}`)
      }
    }
  }
  void watch()
  const gone = new Promise<never>((_, reject) => {
    connection.closed().then(error => {
      if (error instanceof Error) reject(unusable(where, error))
    })
  })
  gone.catch(() => {})
  return {
    connection,
    newHeaders: headers,
    newInbox: () => createInbox(inboxPrefix),
    warn,
    reconnects: () => reconnects,
    isConnected: () => isConnected,
    gone,
    onReconnect(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The line of a file that is a seed: SU… */
function seedIn(content: Buffer): Uint8Array {
  const line = content
    .toString('latin1')
    .split('\n')
    .map(text => text.trim())
    .find(text => /^S[A-Z2-7]{57}$/.test(text))
  if (line === undefined)
    throw new ExitError('--nkey: expected a file with the seed of a user (SU…)', EXIT.usage)
  return Buffer.from(line)
}

/** Whether a server has answered, and does not want us, or is not the one that it has to be. */
function isRefusal(error: unknown): boolean {
  const text = `${error instanceof Error ? error.name : ''} ${messageOf(error)}`
  return /authorization|authentication|permission|certificate|self.signed|altnames|tls|nkey|jwt/i.test(text)
}

function unusable(where: string, error: unknown): ExitError {
  return new ExitError(`cannot use the broker at ${where}: ${messageOf(error)}`, EXIT.unavailable, {
    cause: error,
  })
}
