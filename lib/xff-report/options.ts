import { defaulted, flag, group, single, type Usage } from '../cli/options/option.js'
import { duration, percent, statuses, text, whole } from '../cli/options/values.js'

const options = {
  ...group('What it writes', {
    text: flag('write plain-text tables for a terminal instead of an HTML page'),
    output: single('FILE', 'write the report into this file instead of stdout, all at once', text),
    every: single(
      'TIME',
      'write the file again so often while records come; the page shows itself anew (needs --output)',
      duration(1, 86_400),
    ),
    explain: flag('instead of a report, write a sentence for each record: what it says, and why'),
    title: defaulted('TEXT', 'title of the page', text, 'Failures and bans'),
    networks: single(
      'FILE',
      'table of networks (autonomous systems), as those of iptoasn.com, whose names stand by addresses; read again on SIGHUP',
      text,
    ),
    top: defaulted('N', 'maximum number of rows in a table', whole(1, 1000), '20'),
  }),
  ...group('Limits, to compare others with', {
    max: defaulted('N', '--max of xff-window, to compare other limits with', whole(1, 10_000), '10', [
      'maxretry',
    ]),
    find: defaulted('TIME', '--find of xff-window, likewise', duration(1, 31_536_000), '300', ['findtime']),
    late: defaulted('TIME', '--late of xff-window, likewise', duration(0, 86_400), '60'),
    status: defaulted('LIST', 'statuses that count as failures', statuses, '4xx,5xx'),
    outage: defaulted('SHARE', '--outage of xff-window, likewise', percent, '20%'),
    time: defaulted('TIME', '--time of xff-ban, likewise', duration(1, 315_360_000), '1h', ['bantime']),
  }),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-report',
  describe: 'Reads records of any stage on stdin and writes a report: an HTML page, or plain text.',
  options,
  examples: [
    ['uwsgi-parse < uwsgi.log | xff-report --text', 'who failed, and what other limits would have banned'],
    ['cat requests.jsonl bans.jsonl | xff-report > report.html', 'a page of records that were kept'],
  ],
} satisfies Usage
