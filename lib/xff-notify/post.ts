import { isIP } from 'node:net'
import type { Mail, Post } from './mail.js'
import { RefusedError } from './outbox.js'
import { plain } from './plain.js'

/** How long a mail server may be silent, and the handing over of a mail may take, in milliseconds. */
const SILENCE = 20_000
const PATIENCE = 120_000
/** The longest that an answer is shown. */
const SHOWN = 200

interface SmtpError extends Error {
  code?: string
  responseCode?: number
}

/**
 * Hands mails to an SMTP server: `smtp://USER:PASSWORD@HOST:PORT`, or smtps for TLS from the first byte.
 * A password crosses a network only inside TLS, with a certificate that holds; on loopback any will do.
 */
export function smtpPost(url: URL, warn: (message: string) => void): Post {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const local = host === 'localhost' || (isIP(host) > 0 && /^(127\.|::1$)/.test(host))
  const auth = url.username
    ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
    : undefined
  return async (mail, over) => {
    // nodemailer is loaded when there is something to send
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({
      host,
      secure: url.protocol === 'smtps:',
      port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 25),
      ...(auth ? { auth, requireTLS: !local } : {}),
      tls: { rejectUnauthorized: !local },
      connectionTimeout: SILENCE,
      greetingTimeout: SILENCE,
      socketTimeout: SILENCE,
      dnsTimeout: SILENCE,
    })
    try {
      const signal = AbortSignal.any([over, AbortSignal.timeout(PATIENCE)])
      const { rejected = [] } = await transport.sendMail({ ...message(mail), signal })
      if (rejected.length > 0) warn(`mail through ${url.host}: rejected for ${rejected.join(' and ')}`)
    } catch (error) {
      throw readable(error as SmtpError)
    }
  }
}

/** Hands mails to a program that takes sendmail's options. */
export function sendmailPost(program: string): Post {
  return async (mail, over) => {
    const [{ createTransport }, { execa }] = await Promise.all([import('nodemailer'), import('execa')])
    const written = await createTransport({
      streamTransport: true,
      buffer: true,
      newline: 'unix',
    }).sendMail(message(mail))
    const { failed, shortMessage, stderr } = await execa(program, ['-i', '-f', mail.from, ...mail.to], {
      input: written.message as Buffer,
      stdout: 'ignore',
      timeout: PATIENCE,
      cancelSignal: over,
      maxBuffer: 4096,
      reject: false,
    })
    if (failed) throw new Error(plain([shortMessage, stderr].filter(Boolean).join(': '), SHOWN))
  }
}

function message({ from, to, subject, text }: Mail) {
  return {
    from,
    to: [...to],
    subject,
    text,
    // so that no holiday notice answers (RFC 3834)
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** What went wrong, without anything that a server may have echoed of a password. */
function readable(error: SmtpError): Error {
  const { code, responseCode } = error
  const why =
    code === 'EAUTH'
      ? `cannot log in${responseCode ? ` (${responseCode})` : ''}`
      : plain(error.message, SHOWN)
  return (responseCode ?? 0) >= 500 ? new RefusedError(why) : new Error(why)
}
