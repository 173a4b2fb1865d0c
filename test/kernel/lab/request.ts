import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Endpoint, isV6 } from './network.js'
import { startProgram } from './program.js'

/** A request as a test words it. */
export interface Request {
  /** the client's address */
  from: string
  /** where to: a front end, or the app itself */
  to: Endpoint
  path?: string
  method?: string
  /** written as they are, in this order; a list is a header that is there more than once */
  headers?: Readonly<Record<string, string | readonly string[]>>
  body?: string
  /** the version of HTTP; 1.1 unless said */
  version?: '1.0' | '1.1'
  /** how long to wait for the whole answer, in milliseconds */
  within?: number
}

export interface Answer {
  /** null when none came */
  status: number | null
  body: string
  /** why none came: `timeout`, `no answer`, or a code such as `ECONNREFUSED` */
  error: string | null
  /** how long it took, the making of the connection included */
  ms: number
}

/** A machine that is slow and busy answers within this time, in milliseconds; a packet that is dropped takes all of it. */
const WITHIN = 30_000

/** A request as the agent is told; the bytes as latin1. */
export interface Errand {
  from: string
  host: string
  port: number
  bytes: string
  within: number
}

/** Starts the one program that makes the requests of a namespace; it ends with the namespace. */
export function startAgent(namespace: string): (request: Request) => Promise<Answer> {
  const script = fileURLToPath(new URL('agent.js', import.meta.url))
  const program = startProgram(namespace, [process.execPath, script])
  const waiting = new Map<number, (answer: Answer) => void>()
  createInterface({ input: program.stdout })
    .on('line', line => {
      const { id, ...answer } = JSON.parse(line) as Answer & { id: number }
      waiting.get(id)?.(answer)
      waiting.delete(id)
    })
    .on('close', () => {
      const { stderr } = program.written()
      for (const answer of waiting.values())
        answer({ status: null, body: '', error: `agent: ${stderr}`, ms: 0 })
    })
  let last = 0
  return request =>
    new Promise(resolve => {
      const id = ++last
      waiting.set(id, resolve)
      program.stdin.write(`${JSON.stringify({ id, ...errandOf(request) })}\n`)
    })
}

function errandOf({
  from,
  to,
  path = '/ok',
  method = 'GET',
  headers = {},
  body = '',
  version = '1.1',
  within = WITHIN,
}: Request): Errand {
  const host = isV6(from) ? to.v6 : to.v4
  const fields = Object.entries({
    Host: 'app.example',
    ...headers,
    ...(body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body, 'latin1')) }),
    Connection: 'close',
  }).flatMap(([name, values]) => [values].flat().map(value => `${name}: ${value}\r\n`))
  const bytes = `${method} ${path} HTTP/${version}\r\n${fields.join('')}\r\n${body}`
  return { from, host, port: to.port, bytes, within }
}

/** Whether the app itself answered: all its pages say so. */
export function isFromApp({ body }: Answer): boolean {
  return body.startsWith('the app says ')
}
