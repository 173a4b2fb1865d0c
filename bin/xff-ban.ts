#!/usr/bin/env node
import { uptime, userInfo } from 'node:os'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { openMetrics } from '../lib/cli/metrics.js'
import { checked, parseWords } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { EXIT } from '../lib/exit.js'
import { encode } from '../lib/wire/jsonl.js'
import { usage } from '../lib/xff-ban/options.js'

const SYSTEM = {
  now: Date.now,
  sinceBoot: () => uptime() * 1000,
  monotonic: () => performance.now(),
  pid: process.pid,
  user,
  /** built beside the bundle */
  object: fileURLToPath(new URL('xff-ban.bpf.o', import.meta.url)),
  parser: [process.execPath, fileURLToPath(new URL('uwsgi-parse.js', import.meta.url))],
}

run(usage.command, async ({ badLineCount, ...context }) => {
  const read = await parseWords(usage, process.argv.slice(2))
  if (!read) return null
  // what enforces takes a tenth of the start-up, and --help does without
  const [{ settingsOf }, { allowed, change, checked: check, filter, list }] = await Promise.all([
    import('../lib/xff-ban/settings.js'),
    import('../lib/xff-ban/main.js'),
  ])
  const settings = checked('', () => settingsOf(read.words, read.given, SYSTEM))
  const { verb } = settings.subcommand
  if (verb === 'list' || verb === 'allowed') {
    const show = verb === 'list' ? list : allowed
    const found = await show(settings, context, process.stdout.isTTY)
    return {
      input: Readable.from([found].flat()),
      stages: typeof found === 'string' ? [] : [encode()],
      summary: () => '',
    }
  }
  const metrics = await openMetrics('xff_ban', read.given.metrics, context.warn)
  if (verb === 'check') {
    const { text, ok } = await check(settings, context, metrics, process.stdout.isTTY)
    if (!ok) process.exitCode = EXIT.doesNotHold
    return { input: Readable.from([Buffer.from(text)]), stages: [], summary: () => '' }
  }
  if (verb === 'filter') {
    const { stages, ...rest } = await filter(settings, context, metrics, badLineCount)
    return { ...rest, stages: [...stages, encode()], finish: metrics.finish }
  }
  const { records, isRefused } = await change(settings, context, metrics)
  if (isRefused) process.exitCode = verb === 'unban' ? EXIT.stillBanned : EXIT.usage
  return { input: Readable.from(records), stages: [encode()], summary: () => '' }
})

/** Who calls, by what the system and sudo say; that is for people, and proves nothing. */
function user(): string {
  try {
    return process.env.SUDO_USER || userInfo().username
  } catch {
    return `uid ${process.getuid?.()}`
  }
}
