#!/usr/bin/env node
import { parseOptions, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { counted } from '../lib/text/counted.js'
import { excerpt } from '../lib/text/printable.js'
import type { Digest } from '../lib/xff-report/digest.js'
import { createReportFile } from '../lib/xff-report/file.js'
import { usage } from '../lib/xff-report/options.js'
import { page } from '../lib/xff-report/page.js'
import { xffReport } from '../lib/xff-report/stage.js'
import { text } from '../lib/xff-report/text.js'

run(usage.command, async ({ onBadLine, warn }) => {
  const given = await parseOptions(usage, process.argv.slice(2))
  if (!given) return null
  const { title, every, output } = given
  if (every !== undefined && output === undefined)
    throw new UsageError('--every: expected --output FILE with it, got none')
  const render = (digest: Digest, isLast: boolean) => {
    if (given.text) return text(title, digest, excerpt)
    return page(title, digest, every === undefined ? undefined : { every, isLast })
  }
  const { stages, totals, digest } = xffReport(
    {
      ...given,
      find: given.find * 1000,
      late: given.late * 1000,
      time: given.time * 1000,
      failing: given.status,
      ...(every === undefined ? {} : { now: Date.now }),
      onBadLine,
      warn,
    },
    async digest => {
      if (!file) return render(digest(), true)
      await file.end()
      return ''
    },
  )
  const file =
    output === undefined
      ? undefined
      : createReportFile({
          path: output,
          everyMs: every === undefined ? undefined : every * 1000,
          render: isLast => render(digest(), isLast),
          warn,
        })
  await file?.begin()
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
