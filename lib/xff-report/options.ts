import { defaulted, type Usage } from '../cli/options.js'
import { statuses, text, whole } from '../cli/values.js'

const options = {
  title: defaulted('TEXT', 'the heading', text, 'Failures and bans'),
  top: defaulted('N', 'rows of a table', whole(1, 1000), '20'),
  max: defaulted('N', 'the limit in use, as for xff-window', whole(1, 10_000), '10', ['maxretry']),
  find: defaulted('SECONDS', 'the seconds looked back', whole(1, 31_536_000), '300', ['findtime']),
  late: defaulted('SECONDS', 'lines out of order by up to this count as if in order', whole(0, 86_400), '60'),
  time: defaulted('SECONDS', 'how long a ban lasts', whole(1, 315_360_000), '3600', ['bantime']),
  status: defaulted('LIST', 'which requests are failures', statuses, '4xx,5xx'),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-report',
  describe: 'Reads records of any stage on stdin, writes one HTML page about them on stdout.',
  options,
} satisfies Usage
