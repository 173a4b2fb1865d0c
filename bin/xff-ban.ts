#!/usr/bin/env node
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { checked, parseWords } from '../lib/cli/command-line.js'
import { metricsOption, openMetrics } from '../lib/cli/metrics.js'
import * as cli from '../lib/cli/options.js'
import { givenOptions, PACKET_OPTIONS } from '../lib/cli/packet-options.js'
import { program } from '../lib/cli/program.js'
import { type Command, EXIT, run } from '../lib/cli/run.js'
import { banTable } from '../lib/cli/table.js'
import * as value from '../lib/cli/values.js'
import { decode, encode } from '../lib/jsonl.js'
import type { AnyRecord } from '../lib/record.js'
import { formatInstant } from '../lib/record.js'
import { hitsInKernel } from '../lib/xff-ban/backend/bpf.js'
import { matchHint } from '../lib/xff-ban/backend/hints.js'
import { compileMatch } from '../lib/xff-ban/backend/iptables/match.js'
import { chooseBackend } from '../lib/xff-ban/choose.js'
import { serve } from '../lib/xff-ban/control.js'
import { escalation } from '../lib/xff-ban/escalation.js'
import { createExempt } from '../lib/xff-ban/exempt.js'
import { measured } from '../lib/xff-ban/measured.js'
import { obey } from '../lib/xff-ban/obey.js'
import { listBans, openXffBan, placeOf } from '../lib/xff-ban/open.js'
import { FORMS, readOrder } from '../lib/xff-ban/order.js'

const NAME = value.pattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,27}$/, 'up to 28 letters, digits and _.-')
// both are named in what we say to HAProxy and to ipset
const MAP = value.pattern(/^\/[A-Za-z0-9_./+-]+$/, 'a path from / on of letters, digits and _./+-')
const SET = value.pattern(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,25}$/, 'up to 26 letters, digits and _.-')
const SPAN = value.duration(1, 315_360_000)

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
  time: { ...cli.single('TIME', 'how long a ban lasts', SPAN, undefined, ['bantime']), defaultText: '1h' },
  increment: cli.flag('an address banned before is banned for longer: twice as long each time'),
  factor: cli.single('N', 'with --increment: this many times as long, 1.5 say', value.number(1, 100)),
  'time-max': cli.single('TIME', 'with --increment: the longest a ban gets; else 7d', SPAN),
  remember: cli.defaulted('TIME', 'how long after its ban an address is remembered', SPAN, '30d'),
  'max-bans': cli.defaulted(
    'N',
    'beyond it the ban that ends first leaves',
    value.whole(1, 1_000_000),
    '20000',
  ),
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
  verify: cli.defaulted(
    'TIME',
    'how often to look whether the bans still stand',
    value.duration(1, 86_400),
    '60',
  ),
  storm: cli.defaulted('N', 'announce this many new bans within a minute', value.whole(1, 1_000_000), '1000'),
  ...PACKET_OPTIONS,
  metrics: metricsOption,
}

/** The kernel program, built beside the bundle. */
const OBJECT = fileURLToPath(new URL('xff-ban.bpf.o', import.meta.url))

run('xff-ban', async ({ report, say, faulty }) => {
  const read = await parseWords(
    'xff-ban',
    'Reads ban and unban records on stdin, carries them out, writes those carried out on stdout.',
    FORMS,
    options,
    process.argv.slice(2),
  )
  if (!read) return null
  const { words, given } = read
  const order = checked('', () => readOrder(words))
  const now = given.clock === 'wall' ? Date.now : undefined
  const exempt = createExempt({ ignore: given.ignore.flat(), private: given.private, now: Date.now })
  const terms = {
    time: checked('', () => escalation({ ...given, most: given['time-max'] })),
    maxBans: given['max-bans'],
    remember: given.remember * 1000,
    exempt,
  }
  const state = given.state ?? `/var/lib/xff-ban/${given.name}.jsonl`
  const place = placeOf(state)

  if (order.verb === 'list') {
    const bans = await listBans(place, terms, now?.(), report, () => hitsInKernel(given.name, Date.now))
    return print(process.stdout.isTTY ? [banTable(bans, Date.now())] : bans)
  }

  const metrics = await openMetrics('xff_ban', given.metrics, say)
  const rehearsal = given['dry-run']
  const alone = order.verb === 'filter' || rehearsal ? '' : 'no xff-ban of this name is running: '
  const open = (flush: boolean) =>
    openXffBan({
      backend: measured(
        checked(alone, () =>
          chooseBackend({
            ...given,
            dryRun: given['dry-run'],
            ports: given.port,
            nginxCommand: given['nginx-command'],
            onBan: given['on-ban'],
            onUnban: given['on-unban'],
            execTimeout: given['exec-timeout'],
            state,
            now: Date.now,
            say,
            chain: given.chain.value,
            protocol: given.protocol.value,
            mark: given.mark.value,
            match: checked('--match: ', () => compileMatch(given.match.value, given.mapped)),
            hint: matchHint(given.match.value, given.mapped),
            policing: {
              ...given,
              ...givenOptions(given),
              trust: given.trust.flat(),
              field: given.header.value,
              answer: given.answer.value,
              object: OBJECT,
              now: Date.now,
              say,
            },
          }),
        ),
        metrics,
        () => performance.now(),
      ),
      terms,
      place: rehearsal ? undefined : place,
      name: given.port.length > 0 ? given.name : undefined,
      pid: process.pid,
      now,
      flush,
      verify: given.verify * 1000,
      storm: given.storm,
      hits: given.hits,
      report,
      say,
    })

  if (order.verb !== 'filter') {
    const answers = await obey(order, {
      socket: rehearsal ? undefined : place.socket,
      until: given.time === undefined ? undefined : formatInstant(Date.now() + given.time * 1000),
      open,
    })
    for (const answer of answers) {
      if (!('because' in answer)) continue
      const { type, ip, because } = answer
      say(`${type === 'refused' ? `refused to ${order.verb} ` : ''}${JSON.stringify(ip)}: ${because}`)
      if (type === 'refused') process.exitCode = EXIT.usage
    }
    return print(answers.flatMap(answer => ('because' in answer ? [] : answer)))
  }

  const { stage, tally, hurry, jail, ask, list } = await open(given.flush)
  if (!rehearsal) {
    stage.once('close', await serve(place.socket, { list, ask }, say))
  }
  metrics.counter('bans_total', 'bans carried out', () => tally.bans)
  metrics.counter('unbans_total', 'unbans carried out', () => tally.unbans)
  metrics.counter('refused_total', 'records that were refused', () => tally.refused)
  metrics.counter('foreign_total', 'lines that are neither bans nor unbans', faulty)
  metrics.gauge('in_force', 'bans in force', () => jail.inForce().length)
  return {
    finish: metrics.finish,
    stages: [...decode(['ban', 'unban'], report), stage, encode()],
    summary: () =>
      `${tally.bans} bans, ${tally.unbans} unbans, ${tally.past} over before they came, ` +
      `${tally.repeats} repeats, ${tally.refused} refused`,
    hurry,
  }
})

/** Text as it is, records as JSON Lines. */
function print(lines: readonly (string | AnyRecord)[]): Command {
  const stages = typeof lines[0] === 'string' ? [] : [encode()]
  return { input: Readable.from(lines), stages, summary: () => '' }
}
