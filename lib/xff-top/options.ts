import { defaulted, flag, group, single, type Usage } from '../cli/options/option.js'
import { duration, pattern, text } from '../cli/options/values.js'

const options = {
  ...group('What it shows', {
    once: flag('write plain text once, as where there is no terminal'),
    find: single('ADDRESS', 'write what is known of this address or prefix, once', text),
    every: defaulted('TIME', 'how often it is looked at', duration(1, 3600), '2'),
  }),
  ...group('Which jails', {
    name: single(
      'NAME',
      'only the jail of this name (default: all that are there)',
      pattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,27}$/, 'up to 28 letters, digits and _.-'),
    ),
    folder: defaulted('DIR', 'where the journals and sockets of the jails are', text, '/var/lib/xff-ban'),
  }),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-top',
  describe:
    'Shows who is at it now, who is banned and why, and whether the jails work: those of this machine, or what stdin says.',
  file: {
    call: '-',
    describe: 'shows what records of any stage say, which it reads on stdin',
  },
  options,
  examples: [
    ['xff-top', 'the jails of this machine, anew every two seconds'],
    ['uwsgi-parse < uwsgi.log | xff-window | xff-top --once -', 'what these records say, as plain text'],
  ],
} satisfies Usage
