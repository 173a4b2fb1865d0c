import { isLoopback } from '../net/private.js'
import type { Mail, SendMail } from './mail.js'
import { RefusedError } from './outbox.js'
import { plainLine } from './plain-line.js'

/** How long a mail server may be silent, and how long the delivery of a mail may take. */
const SILENCE_TIMEOUT_MS = 20_000
const DELIVERY_TIMEOUT_MS = 120_000
/** The longest error text that is shown, in UTF-16 units. */
const MAX_ERROR_UNITS = 200
const MAX_OUTPUT_BYTES = 4096

interface SmtpError extends Error {
  code?: string
  responseCode?: number
}

/**
 * Delivers mails to an SMTP server: `smtp://USER:PASSWORD@HOST:PORT`, or smtps for TLS from the first byte.
 * A password crosses a network only inside TLS with a valid certificate; on loopback any certificate is accepted.
 */
export function smtpSender(url: URL, warn: (message: string) => void): SendMail {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const local = host === 'localhost' || isLoopback(host)
  const auth = url.username
    ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
    : undefined
  return async (mail, stop) => {
    // nodemailer is loaded with the first mail, which keeps the start short
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({
      host,
      secure: url.protocol === 'smtps:',
      port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 25),
      ...(auth ? { auth, requireTLS: !local } : {}),
      tls: { rejectUnauthorized: !local },
      connectionTimeout: SILENCE_TIMEOUT_MS,
      greetingTimeout: SILENCE_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      dnsTimeout: SILENCE_TIMEOUT_MS,
    })
    try {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(DELIVERY_TIMEOUT_MS)])
      const { rejected = [] } = await transport.sendMail({ ...message(mail), signal })
      if (rejected.length > 0) warn(`mail through ${url.host}: rejected for ${rejected.join(' and ')}`)
    } catch (error) {
      throw withoutSecrets(error)
    }
  }
}

/** Delivers mails by a program that takes the options of sendmail. */
export function sendmailSender(program: string): SendMail {
  return async (mail, stop) => {
    const [{ createTransport }, { execa }] = await Promise.all([import('nodemailer'), import('execa')])
    const written = await createTransport({
      streamTransport: true,
      buffer: true,
      newline: 'unix',
    }).sendMail(message(mail))
    if (!Buffer.isBuffer(written.message)) throw new Error('the mail was not composed as one buffer')
    const { failed, shortMessage, stderr } = await execa(program, ['-i', '-f', mail.from, ...mail.to], {
      input: written.message,
      stdout: 'ignore',
      timeout: DELIVERY_TIMEOUT_MS,
      cancelSignal: stop,
      maxBuffer: MAX_OUTPUT_BYTES,
      reject: false,
    })
    if (failed) throw new Error(plainLine([shortMessage, stderr].filter(Boolean).join(': '), MAX_ERROR_UNITS))
  }
}

function message({ from, to, subject, text }: Mail) {
  return {
    from,
    to: [...to],
    subject,
    text,
    // keeps vacation responders quiet (RFC 3834)
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** The error, without what the server's answer to a login may have repeated of the password. */
function withoutSecrets(error: unknown): Error {
  const { code, responseCode, message }: Partial<SmtpError> = error instanceof Error ? error : {}
  const why =
    code === 'EAUTH'
      ? `cannot log in${responseCode ? ` (${responseCode})` : ''}`
      : plainLine(message ?? String(error), MAX_ERROR_UNITS)
  return (responseCode ?? 0) >= 500 ? new RefusedError(why) : new Error(why)
}
