#!/usr/bin/env node
import { hostname } from 'node:os'
import { parseOptions, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { counted } from '../lib/text/counted.js'
import { decode, encode } from '../lib/wire/jsonl.js'
import { mailer } from '../lib/xff-notify/mail.js'
import { usage } from '../lib/xff-notify/options.js'
import { createOutbox } from '../lib/xff-notify/outbox.js'
import { sendmailPost, smtpPost } from '../lib/xff-notify/post.js'
import { xffNotify } from '../lib/xff-notify/stage.js'
import { webhook } from '../lib/xff-notify/webhook.js'
import { createWhois } from '../lib/xff-notify/whois.js'

/** The pauses between attempts, in milliseconds. */
const RETRY = { first: 1000, longest: 300_000 }
/** How many records go into one mail or one post. */
const BATCH = 1000

run(usage.command, async ({ onBadLine, warn }) => {
  const given = await parseOptions(usage, process.argv.slice(2))
  if (!given) return null
  const { 'mail-to': to, 'mail-from': from, smtp, sendmail, webhook: hooks } = given
  if (to.length === 0 && hooks.length === 0)
    throw new UsageError('expected --mail-to or --webhook, got neither')
  if (to.length > 0 && (smtp === undefined) === (sendmail === undefined))
    throw new UsageError('--mail-to: expected either --smtp or --sendmail with it')
  const host = hostname()
  const outbox = { gather: given.gather * 1000, batch: BATCH, retry: RETRY, warn }
  const mails =
    to.length === 0
      ? []
      : [
          createOutbox({
            ...outbox,
            name: `mail through ${sendmail ?? smtp?.host}`,
            deliver: mailer({
              from: from ?? `xff-notify@${host}`,
              to,
              name: given.name,
              host,
              whois: given['skip-whois'] ? undefined : createWhois(given['whois-server'], warn),
              post: sendmail === undefined ? smtpPost(smtp as URL, warn) : sendmailPost(sendmail),
            }),
          }),
        ]
  const posts = hooks.map(hook =>
    createOutbox({
      ...outbox,
      name: `webhook ${hook.host}`,
      deliver: webhook(hook, given['webhook-format']),
    }),
  )
  const { stage, tally } = xffNotify(mails, posts)
  const outboxes = [...mails, ...posts]
  return {
    stages: [...decode(['request', 'ban', 'hit', 'unban'], onBadLine), stage, encode()],
    finish: async () => {
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
