import type { Call } from '../cli/options/option.js'

export const SUBCOMMANDS = [
  {
    call: 'setup [NAME]',
    describe: 'looks how requests come to an app, and shows the settings of its jail and what else to add',
    examples: [
      ['xff-jail setup', 'looks and shows; changes nothing'],
      ['xff-jail setup shop --write', 'writes /etc/xff-jail/shop.conf'],
    ],
  },
  {
    call: 'run NAME',
    describe: 'runs the pipeline that /etc/xff-jail/NAME.conf describes, until a signal ends it',
    examples: [
      ['xff-jail run shop', 'what systemctl start xff-jail@shop does, here'],
      ['xff-jail run shop --check', 'whether its settings and its log would do'],
    ],
  },
  {
    call: 'status [NAME...]',
    describe: 'shows what jails read and how they ban, and what is amiss',
    examples: [
      ['xff-jail status', 'all jails of this machine; exit code 1 if something is amiss'],
      ['xff-jail status shop | jq .bans', 'how many one has banned'],
    ],
  },
  {
    call: 'list',
    describe: 'shows who is banned, in all jails or in the fleet: a table, or JSON Lines in a pipe',
    examples: [
      ['xff-jail list', 'who is banned, by which jail, for how much longer, and why'],
      ['xff-jail list | jq -r .ip', 'the addresses alone'],
    ],
  },
  {
    call: 'why IP...',
    describe: 'shows whether an address is banned or was, where, and for what; also in the fleet',
    completes: 'banned addresses',
    examples: [['xff-jail why 203.0.113.7', 'why this client gets a 403']],
  },
  {
    call: 'ban IP...',
    describe: 'bans addresses or prefixes, in all jails or in --jail',
    examples: [
      ['xff-jail ban 203.0.113.7 --for 2d --reason "login attempts"', 'for two days, everywhere'],
      ['xff-jail ban 203.0.113.0/24 --jail shop', 'a network, in one jail'],
    ],
  },
  {
    call: 'unban IP...',
    describe: 'ends their bans, in all jails or in --jail',
    completes: 'banned addresses',
    examples: [
      ['xff-jail unban 203.0.113.7', 'until it fails too often again'],
      ['xff-jail unban 203.0.113.7 --for 1d', 'and not again for a day'],
    ],
  },
  {
    call: 'allow IP...',
    describe:
      'ends their bans and refuses new ones, until disallow or the end of --for, in all jails or in --jail',
    examples: [['xff-jail allow 198.51.100.0/24 --for 7d --note pentest', 'for a week']],
  },
  {
    call: 'disallow IP...',
    describe: 'takes back what allow has said of them',
    examples: [['xff-jail disallow 198.51.100.0/24', 'they may be banned again']],
  },
  {
    call: 'allowed',
    describe: 'shows who is allowed, or not banned again for some time after unban, as JSON Lines',
    examples: [['xff-jail allowed', 'in all jails']],
  },
] as const satisfies readonly Call[]
