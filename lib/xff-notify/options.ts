import * as cli from '../cli/options/option.js'
import { hostPort, url } from '../cli/options/url.js'
import * as value from '../cli/options/values.js'

const ADDRESS = value.pattern(/^[\w.+=/][\w.+=/-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,189}$/, 'a mail address')

const options = {
  'mail-to': cli.repeated('ADDRESS', 'who gets a mail about bans', ADDRESS),
  'mail-from': cli.single('ADDRESS', 'whom it is from; else xff-notify at this host', ADDRESS),
  smtp: cli.single(
    'URL',
    'the mail server, smtp://USER:PASSWORD@HOST:PORT; @FILE holds it',
    url('smtp', 'smtps'),
  ),
  sendmail: cli.single('PROGRAM', 'hands mails over instead, as /usr/sbin/sendmail', value.text),
  'skip-whois': cli.flag('mails without what the program whois tells about the address'),
  'whois-server': cli.single('HOST[:PORT]', 'whom whois asks; else the registry of the address', hostPort),
  webhook: cli.repeated('URL', 'records are posted there; @FILE holds it', url('http', 'https')),
  'webhook-format': cli.defaulted(
    'FORMAT',
    'of a post: lines or array',
    value.oneOf('lines', 'array'),
    'lines',
  ),
  name: cli.defaulted(
    'NAME',
    'of the jail, for the subject',
    value.pattern(/^[\w.-]{1,60}$/, 'a name'),
    'xff-jail',
  ),
  gather: cli.defaulted('TIME', 'how long records are gathered', value.duration(0, 86_400), '60'),
  linger: cli.defaulted(
    'TIME',
    'at the end, wait this long for what is unsent',
    value.duration(0, 3600),
    '10',
  ),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-notify',
  describe: 'Reads records on stdin, mails the bans or posts the records, and writes them all on stdout.',
  options,
} satisfies cli.Usage
