import * as cli from '../cli/options/option.js'
import { text } from '../cli/options/values.js'

const options = {
  ...cli.group('What it prints', {
    settings: cli.flag('print a settings file for each jail instead of a pipeline'),
    jail: cli.repeated('NAME', 'convert only this jail', text),
  }),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-import',
  describe: 'Prints a pipeline for each jail of fail2ban that watches a log of uWSGI.',
  file: {
    call: '/etc/fail2ban/jail.local',
    describe: 'reads it and the files beside it: jail.conf, jail.d, filter.d, action.d',
  },
  options,
  examples: [
    ['xff-import /etc/fail2ban/jail.local', 'a pipeline for each jail'],
    ['xff-import --settings --jail uwsgi /etc/fail2ban/jail.local', 'one jail, for /etc/xff-jail/uwsgi.conf'],
  ],
} satisfies cli.Usage
