import { createServer as createHttp, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A TCP server on loopback. */
export async function tcpServer(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    onConnection(socket)
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** A whois server that answers with what the query makes of it. */
export function whoisServer(answer: (query: string) => string | Buffer) {
  return tcpServer(socket => {
    socket.once('data', query => socket.end(answer(query.toString('latin1').trim())))
  })
}

/** A request as the HTTP server got it. */
export interface Got {
  method: string | undefined
  url: string | undefined
  headers: IncomingMessage['headers']
  body: string
}

/** An HTTP server that keeps what it gets and answers with the statuses in turn, the last one for good. */
export async function httpServer(...statuses: number[]) {
  const got: Got[] = []
  const server = createHttp(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const status = statuses[Math.min(got.length, statuses.length - 1)] ?? 204
    got.push({ method: request.method, url: request.url, headers: request.headers, body })
    response.writeHead(status, status === 307 ? { Location: '/elsewhere' } : {}).end()
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  return {
    got,
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** A port of loopback on which nobody listens. */
export async function deadPort(): Promise<number> {
  const { port, close } = await tcpServer(() => {})
  await close()
  return port
}
