import * as cli from '../cli/options/option.js'
import * as value from '../cli/options/values.js'
import { PLACES } from './jails.js'
import { FRONTS } from './setup/fronts.js'
import { SUBCOMMANDS } from './subcommand.js'

const options = {
  jail: cli.repeated('NAME', 'for all but run and status: in this jail alone', value.text),
  for: cli.single(
    'TIME',
    'for ban, unban and allow: how long that lasts; for unban, how long it is not banned again',
    value.duration(1, 315_360_000),
  ),
  reason: cli.single('TEXT', 'for ban: why', value.text),
  note: cli.single('TEXT', 'for allow and disallow: why', value.text),
  fleet: cli.flag('for list and why: the bans as the broker of the fleet has them (BUS in the settings)'),
  only: cli.single(
    'PART',
    'for run: log: what reads the log and decides, bans on stdout; ban: what enforces them, bans on stdin; report: what reports the log to a fleet',
    value.oneOf('log', 'ban', 'report'),
  ),
  check: cli.flag('for run: only try the settings and look at the log, as the service does before it starts'),
  write: cli.flag('for setup: write the files of the jail; those of others are never changed'),
  ini: cli.single('FILE', "for setup: uWSGI's configuration, where it is not below /etc/uwsgi", value.text),
  front: cli.single(
    'SERVER',
    'for setup: what stands before the app, where it is not found',
    value.oneOf(...FRONTS),
  ),
  log: cli.single('FILE', 'for setup: the log of the requests, where it is not found', value.text),
  port: cli.single('PORT', 'for setup: the port of the app, where it is not found', value.whole(1, 65_535)),
  trust: cli.repeated(
    'CIDR',
    `for setup: a CDN or load balancer before the front end: CIDR or ${value.rangeWords}`,
    trusted,
  ),
  root: cli.defaulted(
    'DIR',
    'for setup: look at the files below this folder, as those of an image',
    value.text,
    '/',
  ),
  folder: cli.defaulted('DIR', 'where the settings files are', value.text, PLACES.settings),
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
  options,
} satisfies cli.Usage
