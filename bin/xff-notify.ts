#!/usr/bin/env node
import { hostname } from 'node:os'
import { parseOptions, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { counted } from '../lib/text/counted.js'
import { decode, encode } from '../lib/wire/jsonl.js'
import type { BanRecord, HeldRecord } from '../lib/wire/record.js'
import { chatDelivery } from '../lib/xff-notify/chat.js'
import { mailDelivery } from '../lib/xff-notify/mail.js'
import { usage } from '../lib/xff-notify/options.js'
import { createOutbox } from '../lib/xff-notify/outbox.js'
import { sendmailSender, smtpSender } from '../lib/xff-notify/send-mail.js'
import { xffNotify } from '../lib/xff-notify/stage.js'
import { webhookDelivery } from '../lib/xff-notify/webhook.js'
import { createWhois } from '../lib/xff-notify/whois.js'

/** The pauses between attempts, in milliseconds. */
const RETRY = { first: 1000, longest: 300_000 }
/** Records of one mail or one post, at most. */
const BATCH_RECORDS = 1000

run(usage.command, async ({ onBadLine, warn }) => {
  const given = await parseOptions(usage, process.argv.slice(2))
  if (!given) return null
  const { 'mail-to': to, 'mail-from': from, webhook: urls, name } = given
  if (to.length === 0 && urls.length === 0 && given.to.length === 0)
    throw new UsageError('expected --mail-to, --webhook or --to, got none')
  const host = hostname()
  const options = { gather: given.gather * 1000, batch: BATCH_RECORDS, retry: RETRY, warn }

  const mailOutbox = () => {
    const transport = transportOf(given)
    const [server, send] =
      'smtp' in transport
        ? [transport.smtp.host, smtpSender(transport.smtp, warn)]
        : [transport.sendmail, sendmailSender(transport.sendmail)]
    const whois = given['skip-whois'] ? undefined : createWhois(given['whois-server'], warn)
    const deliver = mailDelivery({ from: from ?? `xff-notify@${host}`, to, name, host, whois, send })
    return createOutbox({ ...options, name: `mail through ${server}`, deliver })
  }
  const mails = to.length > 0 ? [mailOutbox()] : []
  const posts = urls.map(url =>
    createOutbox({
      ...options,
      name: `webhook ${url.host}`,
      deliver: webhookDelivery(url, given['webhook-format']),
    }),
  )

  // what needs a person does not wait for bans, nor behind them
  const chats = given.to.map(receiver => {
    const deliver = chatDelivery(receiver, name, host)
    return {
      bans: createOutbox<BanRecord | HeldRecord>({ ...options, name: receiver.service, deliver }),
      urgent: createOutbox({ ...options, gather: 0, name: `${receiver.service}, urgent`, deliver }),
    }
  })
  const [bans, urgent] = [chats.map(chat => chat.bans), chats.map(chat => chat.urgent)]
  const { stage, tally, close } = xffNotify(posts, { told: mails, bans, urgent })
  const outboxes = [...mails, ...bans, ...urgent, ...posts]
  return {
    stages: [...decode(['request', 'ban', 'hit', 'unban', 'held', 'problem'], onBadLine), stage, encode()],
    finish: async () => {
      close()
      await Promise.all(outboxes.map(({ close }) => close(given.linger * 1000)))
    },
    summary: () =>
      [
        `${counted(tally.records, 'record')}, ${counted(tally.bans, 'ban')}`,
        ...outboxes.map(
          ({ name, tally: { sent, deliveries, refused, dropped, unsent } }) =>
            `${name}: ${sent} sent in ${deliveries}, ${refused} refused, ${dropped} dropped, ${unsent} not sent`,
        ),
      ].join('; '),
  }
})

/** How mails are sent: exactly one of two ways. */
function transportOf({ smtp, sendmail }: { smtp: URL | undefined; sendmail: string | undefined }) {
  if (smtp && sendmail === undefined) return { smtp }
  if (sendmail !== undefined && !smtp) return { sendmail }
  throw new UsageError('--mail-to: expected either --smtp or --sendmail with it')
}
