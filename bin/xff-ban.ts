#!/usr/bin/env node
import * as cli from '../lib/cli/options.js'
import { program } from '../lib/cli/program.js'
import { run } from '../lib/cli/run.js'
import * as value from '../lib/cli/values.js'
import { decode, encode } from '../lib/jsonl.js'
import { compileMatch } from '../lib/xff-ban/backend/match.js'
import { chooseBackend } from '../lib/xff-ban/choose.js'
import { createExempt } from '../lib/xff-ban/exempt.js'
import { createJail } from '../lib/xff-ban/jail.js'
import { NO_JOURNAL, openJournal } from '../lib/xff-ban/journal.js'
import { xffBan } from '../lib/xff-ban/stage.js'

const NAME = value.pattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,27}$/, 'up to 28 letters, digits and _.-')
// both are named in what we say to HAProxy and to ipset
const MAP = value.pattern(/^\/[A-Za-z0-9_./+-]+$/, 'a path from / on of letters, digits and _./+-')
const SET = value.pattern(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,25}$/, 'up to 26 letters, digits and _.-')
const CHAIN = value.pattern(/^[A-Za-z0-9_-]{1,28}$/, 'the name of a chain')

const options = {
  port: cli.repeated(
    'N',
    'refuse packets to this port that come from a banned client',
    value.whole(1, 65_535),
  ),
  dir: cli.single('DIR', 'keep a file for each ban, named by the address', value.text),
  haproxy: cli.single('SOCKET', 'tell HAProxy through its admin socket', value.text),
  map: cli.single(
    'FILE',
    'the map of HAProxy that holds who is banned until when, named as in its configuration: ' +
      'http-request set-var(txn.now) date() and http-request deny if { src,map_ip_int(FILE,0),sub(txn.now) gt 0 }',
    MAP,
  ),
  nginx: cli.single(
    'FILE',
    'keep a file of deny lines and reload nginx, which says: include FILE;',
    value.text,
  ),
  'nginx-command': cli.single(
    'COMMAND',
    'how nginx is called, as "nginx -c /srv/nginx.conf"; else nginx',
    program,
  ),
  set: cli.single(
    'NAME',
    'keep the ipsets NAME and NAME6, to which rules of your own refer: ' +
      'iptables -I INPUT -m set --match-set NAME src -j DROP, and ip6tables likewise with NAME6',
    SET,
  ),
  'on-ban': cli.single(
    'COMMAND',
    'run a program for each ban: words apart by blanks, no shell, {ip} becomes the address; the record is on its ' +
      'stdin; after a restart it is told again of all bans',
    program,
  ),
  'on-unban': cli.single('COMMAND', 'the same for each unban', program),
  'exec-timeout': cli.single('SECONDS', 'how long such a program may take; else 10', value.whole(1, 3600)),
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
  block: cli.defaulted(
    'TARGET',
    'what becomes of the packets',
    value.words,
    'REJECT --reject-with tcp-reset',
  ),
}

run('xff-ban', async ({ report, say }) => {
  const given = await cli.parseOptions(
    'xff-ban',
    'Reads ban and unban records on stdin, carries them out, writes those carried out on stdout.',
    options,
    process.argv.slice(2),
  )
  if (!given) return null
  const now = Date.now
  const state = given.state ?? `/var/lib/xff-ban/${given.name}.jsonl`
  const backend = cli.checked('', () =>
    chooseBackend({
      ...given,
      dryRun: given['dry-run'],
      ports: given.port,
      nginxCommand: given['nginx-command'],
      onBan: given['on-ban'],
      onUnban: given['on-unban'],
      execTimeout: given['exec-timeout'],
      match: cli.checked('--match: ', () => compileMatch(given.match, given.mapped)),
      state,
      now,
      say,
    }),
  )
  const exempt = createExempt({ ignore: given.ignore.flat(), private: given.private, now })
  const jail = createJail({ time: given.time * 1000, exempt })
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
