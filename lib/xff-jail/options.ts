import * as cli from '../cli/options/option.js'
import * as value from '../cli/options/values.js'
import { PLACES } from './jails.js'
import { SUBCOMMANDS } from './options-subcommands.js'
import { FRONTS } from './setup/fronts.js'

const options = {
  ...cli.group('Which jails', {
    jail: cli.goesWith(
      ['status', 'list', 'why', 'ban', 'unban', 'allow', 'disallow', 'allowed'],
      cli.repeated('NAME', 'in this jail alone', value.text),
    ),
    fleet: cli.goesWith(
      ['list', 'why'],
      cli.flag('the bans as the broker of the fleet has them (BUS in the settings)'),
    ),
    folder: cli.defaulted('DIR', 'where the settings files are', value.text, PLACES.settings),
  }),
  ...cli.group('What people say', {
    for: cli.goesWith(
      ['ban', 'unban', 'allow'],
      cli.single(
        'TIME',
        'how long that lasts; after unban, how long it is not banned again',
        value.duration(1, 315_360_000),
      ),
    ),
    reason: cli.goesWith(['ban'], cli.single('TEXT', 'why', value.text)),
    note: cli.goesWith(['allow', 'disallow'], cli.single('TEXT', 'why', value.text)),
  }),
  ...cli.group(
    'With run',
    {
      only: cli.single(
        'PART',
        'log: what reads the log and decides, bans on stdout; ban: what enforces them, bans on stdin; report: what reports the log to a fleet',
        value.oneOf('log', 'ban', 'report'),
      ),
      check: cli.flag('only try the settings and look at the log, as the service does before it starts'),
    },
    ['run'],
  ),
  ...cli.group(
    'With setup',
    {
      ini: cli.single('FILE', "uWSGI's configuration, where it is not below /etc/uwsgi", value.text),
      front: cli.single(
        'SERVER',
        'what stands before the app, where it is not found',
        value.oneOf(...FRONTS),
      ),
      log: cli.single('FILE', 'the log of the requests, where it is not found', value.text),
      port: cli.single('PORT', 'the port of the app, where it is not found', value.whole(1, 65_535)),
      trust: cli.repeated(
        'CIDR',
        `a CDN or load balancer before the front end: CIDR or ${value.rangeWords}; the settings trust private ranges as well`,
        trusted,
      ),
      root: cli.defaulted(
        'DIR',
        'look at the files below this folder, as those of an image',
        value.text,
        '/',
      ),
      write: cli.flag('write the files of the jail; those of others are never changed'),
    },
    ['setup'],
  ),
}

/** The value of --trust as it was given, once it is one. */
function trusted(text: string): string {
  value.ranges(text)
  return text
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-jail',
  describe: 'Runs the jails of this machine and answers questions about all of them.',
  subcommands: SUBCOMMANDS,
  needsSubcommand: true,
  options,
  examples: [
    ['xff-jail setup', 'looks at this machine, and shows what a jail needs'],
    ['xff-jail why 203.0.113.7', 'why this client gets a 403'],
  ],
} satisfies cli.Usage
