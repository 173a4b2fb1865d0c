import * as cli from '../cli/options/option.js'
import { hostPort, url } from '../cli/options/url.js'
import * as value from '../cli/options/values.js'
import { type Receiver, SERVICES } from './chat.js'

const ADDRESS = value.pattern(/^[\w.+=/][\w.+=/-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,189}$/, 'a mail address')

/** `slack:@FILE`; the URL is a secret, and stands on no command line. @throws RangeError */
function receiver(text: string): Receiver {
  const [, name, file] = /^([a-z]+):(@.+)$/s.exec(text) ?? []
  const service = SERVICES.find(one => one === name)
  if (!service || file === undefined)
    throw new RangeError(`expected SERVICE:@FILE, with ${SERVICES.join(', ')} as SERVICE, got no such`)
  const address = url('http', 'https')(file)
  if (service === 'telegram' && !address.searchParams.get('chat_id'))
    throw new RangeError(
      'expected a URL .../botTOKEN/sendMessage?chat_id=ID in the file, got none with chat_id',
    )
  return { service, url: address }
}

const options = {
  ...cli.group('Mail', {
    'mail-to': cli.repeated('ADDRESS', 'recipient of mails about bans and what needs a person', ADDRESS),
    'mail-from': cli.single('ADDRESS', 'sender of the mails (default: xff-notify at this host)', ADDRESS),
    smtp: cli.single(
      'URL',
      'mail server, smtp://USER:PASSWORD@HOST:PORT; @FILE holds the URL',
      url('smtp', 'smtps'),
    ),
    sendmail: cli.single(
      'PROGRAM',
      'instead of --smtp: the program that sends mail, such as /usr/sbin/sendmail',
      value.text,
    ),
    'skip-whois': cli.flag('leave out of the mails what whois says about the address'),
    'whois-server': cli.single(
      'HOST[:PORT]',
      "server that whois queries (default: the address's registry)",
      hostPort,
    ),
  }),
  ...cli.group('Chat and webhooks', {
    to: cli.repeated(
      'SERVICE:@FILE',
      `send messages to ${SERVICES.join(', ')}, by the URL that the file holds`,
      receiver,
    ),
    webhook: cli.repeated('URL', 'post the records to this URL; @FILE holds the URL', url('http', 'https')),
    'webhook-format': cli.defaulted(
      'FORMAT',
      'body of a post: lines (JSON Lines) or array (one JSON array)',
      value.oneOf('lines', 'array'),
      'lines',
    ),
  }),
  ...cli.group('When', {
    gather: cli.defaulted(
      'TIME',
      'batch interval: records are collected for this long, then sent together',
      value.duration(0, 86_400),
      '60',
    ),
    linger: cli.defaulted(
      'TIME',
      'how long to wait for unsent records at the end of input',
      value.duration(0, 3600),
      '10',
    ),
  }),
  ...cli.group('Other', {
    name: cli.defaulted(
      'NAME',
      'name of the jail, for the subject of mails',
      value.pattern(/^[\w.-]{1,60}$/, 'a name'),
      'xff-jail',
    ),
  }),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-notify',
  describe: 'Reads records on stdin, mails the bans or posts the records, and copies all of them to stdout.',
  options,
  examples: [
    [
      '... | xff-ban --port 3031 | xff-notify --mail-to ops@example.com --sendmail /usr/sbin/sendmail',
      'mails bans, collected for a minute',
    ],
    [
      '... | xff-ban --port 3031 | xff-notify --to slack:@/etc/xff-jail/slack',
      'writes to a channel of Slack',
    ],
  ],
} satisfies cli.Usage
