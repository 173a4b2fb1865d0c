#!/usr/bin/env node
import { openNetworks } from '../lib/cli/networks-file.js'
import { parseOptions, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { counted } from '../lib/text/counted.js'
import { excerpt } from '../lib/text/printable.js'
import type { AnyRecord } from '../lib/wire/record.js'
import type { Digest } from '../lib/xff-report/digest.js'
import { createReportFile } from '../lib/xff-report/file.js'
import { usage } from '../lib/xff-report/options.js'
import { page } from '../lib/xff-report/page.js'
import { sentenceOf } from '../lib/xff-report/sentence.js'
import { explainRecords, xffReport } from '../lib/xff-report/stage.js'
import { text } from '../lib/xff-report/text.js'

/** The longest sentence about a record, in UTF-16 units. */
const MAX_SENTENCE = 1000

run(usage.command, async ({ onBadLine, warn }) => {
  const given = await parseOptions(usage, process.argv.slice(2))
  if (!given) return null
  const { title, every, output } = given
  if (every !== undefined && output === undefined)
    throw new UsageError('--every: expected --output FILE with it, got none')
  if (given.explain) {
    if (given.text || output !== undefined)
      throw new UsageError('--explain: expected neither --text nor --output with it')
    const explain = (record: AnyRecord) =>
      sentenceOf(record, { failing: given.status, safe: text => excerpt(text, MAX_SENTENCE) })
    return { stages: explainRecords(explain, onBadLine), summary: () => '' }
  }
  const render = (digest: Digest, isLast: boolean) => {
    if (given.text) return text(title, digest, excerpt)
    return page(title, digest, every === undefined ? undefined : { every, isLast })
  }
  const { stages, totals, digest } = xffReport(
    {
      ...given,
      networks: openNetworks(given.networks, warn),
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
