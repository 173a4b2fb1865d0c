/**
 * Makes requests from the namespace it runs in: a line of JSON on stdin is a request, a line on stdout its answer.
 * It speaks HTTP/1.1 byte for byte as told, one connection a request, so that headers arrive as hostile as they
 * are meant to be.
 */
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { Answer, Errand } from './request.js'

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...errand } = JSON.parse(line) as Errand & { id: number }
  perform(errand).then(answer => process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`))
}

function perform({ from, host, port, bytes, within }: Errand): Promise<Answer> {
  return new Promise(resolve => {
    const start = performance.now()
    const chunks: Buffer[] = []
    const socket = connect({ host, port, localAddress: from })
    const finish = (error?: string) => {
      clearTimeout(limit)
      socket.destroy()
      const text = Buffer.concat(chunks).toString('latin1')
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
      const body = text.slice(text.indexOf('\r\n\r\n') + 4)
      const ms = performance.now() - start
      if (error !== undefined) resolve({ status: null, body: '', error, ms })
      else if (status === undefined) resolve({ status: null, body: '', error: 'no answer', ms })
      else resolve({ status: Number(status), body, error: null, ms })
    }
    const limit = setTimeout(() => finish('timeout'), within)
    socket
      .on('data', chunk => chunks.push(chunk))
      .on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message))
      .on('close', () => finish())
    // not ended: a front end may take a half-closed connection for a client that went away
    socket.write(Buffer.from(bytes, 'latin1'))
  })
}
