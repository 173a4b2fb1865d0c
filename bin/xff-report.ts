#!/usr/bin/env node
import { parseOptions } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { counted } from '../lib/text/counted.js'
import { excerpt } from '../lib/text/printable.js'
import { usage } from '../lib/xff-report/options.js'
import { page } from '../lib/xff-report/page.js'
import { xffReport } from '../lib/xff-report/stage.js'
import { text } from '../lib/xff-report/text.js'

run(usage.command, async ({ onBadLine, warn }) => {
  const given = await parseOptions(usage, process.argv.slice(2))
  if (!given) return null
  const { title } = given
  const { stages, totals } = xffReport(
    {
      ...given,
      find: given.find * 1000,
      late: given.late * 1000,
      time: given.time * 1000,
      failing: given.status,
      onBadLine,
      warn,
    },
    digest => (given.text ? text(title, digest, excerpt) : page(title, digest)),
  )
  return {
    stages,
    summary: () =>
      [
        counted(totals.requests, 'request'),
        counted(totals.failures, 'failure'),
        `${totals.unattributed} unattributed`,
        counted(totals.bans, 'ban'),
        counted(totals.unbans, 'unban'),
      ].join(', '),
  }
})
