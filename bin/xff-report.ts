#!/usr/bin/env node
import { parseOptions } from '../lib/cli/command-line.js'
import { defaulted } from '../lib/cli/options.js'
import { run } from '../lib/cli/run.js'
import { statuses, text, whole } from '../lib/cli/values.js'
import { decode } from '../lib/jsonl.js'
import { xffReport } from '../lib/xff-report/stage.js'

const options = {
  title: defaulted('TEXT', 'the heading', text, 'Failures and bans'),
  top: defaulted('N', 'rows of a table', whole(1, 1000), '20'),
  max: defaulted('N', 'the limit in use, as for xff-window', whole(1, 10_000), '10', ['maxretry']),
  find: defaulted('SECONDS', 'the seconds looked back', whole(1, 31_536_000), '300', ['findtime']),
  late: defaulted('SECONDS', 'lines out of order by up to this count as if in order', whole(0, 86_400), '60'),
  time: defaulted('SECONDS', 'how long a ban lasts', whole(1, 315_360_000), '3600', ['bantime']),
  status: defaulted('LIST', 'which requests are failures', statuses, '4xx,5xx'),
}

run('xff-report', async ({ report }) => {
  const given = await parseOptions(
    'xff-report',
    'Reads records of any stage on stdin, writes one HTML page about them on stdout.',
    options,
    process.argv.slice(2),
  )
  if (!given) return null
  const { stage, totals } = xffReport({
    ...given,
    find: given.find * 1000,
    late: given.late * 1000,
    time: given.time * 1000,
    failing: given.status,
  })
  return {
    stages: [...decode(['request', 'ban', 'unban', 'hit'], report), stage],
    summary: () =>
      `${totals.requests} requests, ${totals.failures} failures, ${totals.unattributed} unattributed, ` +
      `${totals.bans} bans, ${totals.unbans} unbans`,
  }
})
