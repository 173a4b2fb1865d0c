#!/usr/bin/env node
import * as cli from '../lib/cli/options.js'
import { run } from '../lib/cli/run.js'
import * as value from '../lib/cli/values.js'
import { decode, encode } from '../lib/jsonl.js'
import { compileMatch } from '../lib/xff-ban/backend/iptables/match.js'
import { chooseBackend } from '../lib/xff-ban/choose.js'
import { createExempt } from '../lib/xff-ban/exempt.js'
import { createJail } from '../lib/xff-ban/jail.js'
import { NO_JOURNAL, openJournal } from '../lib/xff-ban/journal.js'
import { xffBan } from '../lib/xff-ban/stage.js'

const NAME = value.pattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,27}$/, 'up to 28 letters, digits and _.-')
const CHAIN = value.pattern(/^[A-Za-z0-9_-]{1,28}$/, 'the name of a chain')

const options = {
  port: cli.repeated(
    'N',
    'refuse packets to this port that come from a banned client',
    value.whole(1, 65_535),
  ),
  dir: cli.single('DIR', 'keep a file for each ban, named by the address', value.text),
  'dry-run': cli.flag('decide and print, touch nothing'),
  time: cli.defaulted('SECONDS', 'how long a ban lasts', value.whole(1, 315_360_000), '3600', ['bantime']),
  name: cli.defaulted('NAME', 'of the jail: its chain and its journal', NAME, 'xff-ban'),
  state: cli.single('FILE', 'the journal; else /var/lib/xff-ban/NAME.jsonl', value.text),
  ignore: cli.repeated('CIDR', 'never ban these, @FILE for one a line', value.ranges),
  private: cli.flag('private ranges may be banned too'),
  clock: cli.defaulted(
    'CLOCK',
    'wall, or log: the newest record tells the time',
    value.oneOf('wall', 'log'),
    'wall',
  ),
  flush: cli.flag('take the bans down at the end'),
  chain: cli.defaulted('CHAIN', 'the built-in chain that jumps to ours', CHAIN, 'INPUT'),
  protocol: cli.defaulted('PROTOCOL', 'of the packets', value.oneOf('tcp', 'udp', 'sctp'), 'tcp'),
  match: cli.defaulted(
    'MATCH',
    'what the front end sends: http, haproxy, uwsgi, recipe, behind:PROXY or text with {ip}',
    value.text,
    'http',
  ),
  mapped: cli.flag('the front end may write IPv4 clients as ::ffff:1.2.3.4'),
  block: cli.single(
    'TARGET',
    'what becomes of the packets, in the filter table; else they reset both ends of the connection',
    value.words,
  ),
  mark: cli.defaulted('BIT', 'of a packet mark that nobody else uses, for that', value.bit, '0x10000000'),
}

run('xff-ban', async ({ report, say }) => {
  const given = await cli.parseOptions(
    'xff-ban',
    'Reads ban and unban records on stdin, carries them out, writes those carried out on stdout.',
    options,
    process.argv.slice(2),
  )
  if (!given) return null
  const backend = cli.checked('', () =>
    chooseBackend({
      ...given,
      dryRun: given['dry-run'],
      ports: given.port,
      say,
      match: cli.checked('--match: ', () => compileMatch(given.match, given.mapped)),
    }),
  )
  const now = Date.now
  const exempt = createExempt({ ignore: given.ignore.flat(), private: given.private, now })
  const jail = createJail({ time: given.time * 1000, exempt })
  const state = given.state ?? `/var/lib/xff-ban/${given.name}.jsonl`
  const journal = given['dry-run'] ? NO_JOURNAL : await openJournal(state, jail.recall, report)
  const { stage, tally } = await xffBan({
    jail,
    backend,
    journal,
    now: given.clock === 'wall' ? now : undefined,
    flush: given.flush,
    say,
  })
  return {
    stages: [...decode(['ban', 'unban'], report), stage, encode()],
    summary: () =>
      `${tally.bans} bans, ${tally.unbans} unbans, ${tally.past} over before they came, ` +
      `${tally.repeats} repeats, ${tally.refused} refused`,
  }
})
