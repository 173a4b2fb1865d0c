import type { Call } from '../cli/options/option.js'

/** The options that say which jail is meant. */
const takes = ['name', 'state']

export const SUBCOMMANDS = [
  {
    call: 'list',
    describe: 'shows who is banned: a table, or JSON Lines in a pipe',
    takes,
    examples: [
      ['xff-ban list', 'who is banned, for how much longer, and why'],
      ['xff-ban list --name shop | jq -r .ip', 'the addresses that the jail shop bans'],
    ],
  },
  {
    call: 'ban IP...',
    describe: 'bans addresses or prefixes; @FILE instead of IP is a list of them, one a line',
    takes,
    examples: [
      ['xff-ban ban 203.0.113.7 --for 2d --reason "login attempts"', 'for two days'],
      ['xff-ban ban @drop.txt --for 25h', 'whom a list names'],
    ],
  },
  {
    call: 'unban IP...',
    describe: 'ends the bans of addresses or prefixes, or of a list (@FILE)',
    completes: 'banned addresses',
    takes,
    examples: [
      ['xff-ban unban 203.0.113.7', 'until it fails too often again'],
      ['xff-ban unban 203.0.113.7 --for 1d', 'and not again for a day'],
    ],
  },
  {
    call: 'flush',
    describe: 'ends all bans',
    takes,
    examples: [['xff-ban flush --name shop', 'of one jail']],
  },
  {
    call: 'allow IP...',
    describe:
      'ends the bans of addresses or prefixes, and refuses new ones until disallow or the end of --for',
    takes,
    examples: [['xff-ban allow 198.51.100.0/24 --for 7d --note pentest', 'for a week']],
  },
  {
    call: 'disallow IP...',
    describe: 'takes back what allow has said of them',
    takes,
    examples: [['xff-ban disallow 198.51.100.0/24', 'they may be banned again']],
  },
  {
    call: 'allowed',
    describe: 'shows who is allowed, or not banned again for some time after unban',
    takes,
    examples: [['xff-ban allowed', 'as a table, or as JSON Lines in a pipe']],
  },
  {
    call: 'crawlers',
    describe:
      'allows, for a day or --for, search crawlers that were banned lately, by their names in the DNS',
    takes,
    examples: [['xff-ban crawlers --for 2d', 'once a day, by cron']],
  },
  {
    call: 'release [IP...]',
    describe: 'enforces bans that --brake holds back: these, or all',
    takes,
    examples: [['xff-ban release', 'all of them: it is an attack']],
  },
  {
    call: 'drop [IP...]',
    describe: 'forgets bans that --brake holds back: these, or all',
    takes,
    examples: [['xff-ban drop', 'all of them: it was the app']],
  },
  {
    call: 'check URL',
    describe: 'shows whether a ban would have an effect, by a request to this URL of the front end',
    takes: [...takes, 'port', 'packets', 'header', 'uwsgi', 'trust', 'hops'],
    examples: [
      [
        'xff-ban check https://shop.example/ --log /var/log/uwsgi/app/shop.log --port 3031',
        'where a request is lost, if it is; bans nobody',
      ],
    ],
  },
] as const satisfies readonly Call[]

export const SUBCOMMANDS_NOTE =
  'It goes to the xff-ban that runs with this --name or --state. If none runs, it is carried out here, and needs the options that say how to ban, such as --port 3031.'
