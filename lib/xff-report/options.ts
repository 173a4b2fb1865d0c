import { defaulted, flag, type Usage } from '../cli/options/option.js'
import { duration, statuses, text, whole } from '../cli/options/values.js'

const options = {
  text: flag('tables for the terminal, no page'),
  title: defaulted('TEXT', 'the heading', text, 'Failures and bans'),
  top: defaulted('N', 'rows of a table', whole(1, 1000), '20'),
  max: defaulted('N', 'the limit in use, as for xff-window', whole(1, 10_000), '10', ['maxretry']),
  find: defaulted('TIME', 'how far is looked back', duration(1, 31_536_000), '300', ['findtime']),
  late: defaulted('TIME', 'lines out of order by up to this count as if in order', duration(0, 86_400), '60'),
  time: defaulted('TIME', 'how long a ban lasts', duration(1, 315_360_000), '1h', ['bantime']),
  status: defaulted('LIST', 'which requests are failures', statuses, '4xx,5xx'),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-report',
  describe: 'Reads records of any stage on stdin, writes one HTML page about them on stdout, or a text.',
  options,
} satisfies Usage
