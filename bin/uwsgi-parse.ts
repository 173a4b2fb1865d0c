#!/usr/bin/env node
import { parseOptions, UsageError } from '../lib/cli/command-line.js'
import { defaulted, flag, ranges, repeated, single, statuses, whole } from '../lib/cli/options.js'
import { run } from '../lib/cli/run.js'
import { encode } from '../lib/jsonl.js'
import { compileClient, PRIVATE_RANGES } from '../lib/uwsgi-parse/client.js'
import { uwsgiParse } from '../lib/uwsgi-parse/stage.js'
import { compileZone } from '../lib/uwsgi-parse/time.js'

const options = {
  status: defaulted('LIST', 'which answers become records', statuses, '4xx,5xx'),
  all: flag('every answer becomes a record; the same as --status any'),
  trust: repeated('CIDR', 'hops that are ours, @FILE for one a line', ranges, 'private ranges'),
  hops: single('N', 'instead of --trust: exactly N proxies append to X-Forwarded-For', whole(1, 100)),
  tz: single('ZONE', "the log's time zone, as Europe/Berlin or +02:00; else the machine's", compileZone),
}

run('uwsgi-parse', async ({ report }) => {
  const given = await parseOptions(
    'uwsgi-parse',
    'Reads a uWSGI log on stdin, writes a request record a line (JSON Lines) on stdout.',
    options,
    process.argv.slice(2),
  )
  if (!given) return null
  if (given.hops !== undefined && given.trust.length > 0)
    throw new UsageError('--hops and --trust exclude each other')
  const trusted = given.trust.length > 0 ? given.trust.flat() : PRIVATE_RANGES
  const { stages, tally } = uwsgiParse(
    {
      wanted: given.all ? () => true : given.status,
      client: compileClient({ ranges: trusted, hops: given.hops }),
      zone: given.tz ?? compileZone(),
    },
    report,
  )
  return {
    stages: [...stages, encode()],
    summary: () =>
      `${tally.lines} lines, ${tally.requests} requests, ${tally.wanted} written, ` +
      `${tally.foreign} foreign lines, ${tally.unattributed} unattributed`,
  }
})
