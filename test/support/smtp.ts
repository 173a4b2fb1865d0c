import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** A mail as the server took it. */
export interface Taken {
  from: string
  to: string[]
  message: string
}

/** A real SMTP server on loopback that keeps what it takes. */
export async function smtpServer(options: SMTPServerOptions = {}) {
  const taken: Taken[] = []
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    onData(stream, session, done) {
      let message = ''
      stream.setEncoding('utf8')
      stream.on('data', chunk => {
        message += chunk
      })
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        taken.push({ from: mailFrom ? mailFrom.address : '', to: rcptTo.map(to => to.address), message })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {}) // clients that leave in the middle
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return { taken, port, close: () => new Promise<void>(resolve => server.close(() => resolve())) }
}

/** The text of a message in quoted-printable or as it is. */
export function textOf(message: string): string {
  const body = message.slice(message.indexOf('\r\n\r\n') + 4)
  if (!/^Content-Transfer-Encoding: quoted-printable/im.test(message)) return body
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
