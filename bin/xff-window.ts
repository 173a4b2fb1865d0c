#!/usr/bin/env node
import { parseOptions } from '../lib/cli/command-line.js'
import { defaulted, statuses, whole } from '../lib/cli/options.js'
import { run } from '../lib/cli/run.js'
import { decode, encode } from '../lib/jsonl.js'
import { xffWindow } from '../lib/xff-window/stage.js'

const options = {
  max: defaulted('N', 'failures allowed up to: the Nth within --find tips the ban', whole(1, 10_000), '10', [
    'maxretry',
  ]),
  find: defaulted('SECONDS', 'the seconds looked back', whole(1, 31_536_000), '300', ['findtime']),
  late: defaulted('SECONDS', 'lines out of order by up to this count as if in order', whole(0, 86_400), '60'),
  status: defaulted('LIST', 'which requests are failures', statuses, '4xx,5xx'),
}

run('xff-window', async ({ report }) => {
  const given = await parseOptions(
    'xff-window',
    'Reads request records on stdin, writes a ban record for each client that failed too often.',
    options,
    process.argv.slice(2),
  )
  if (!given) return null
  const { stage, tally } = xffWindow({
    max: given.max,
    find: given.find * 1000,
    late: given.late * 1000,
    failing: given.status,
  })
  return {
    stages: [...decode(['request'], report), stage, encode()],
    summary: () =>
      `${tally.requests} requests, ${tally.failures} failures, ${tally.unattributed} unattributed, ` +
      `${tally.late} too late, ${tally.bans} bans`,
  }
})
