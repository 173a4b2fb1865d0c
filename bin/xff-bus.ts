#!/usr/bin/env node
import { hostname } from 'node:os'
import { Readable } from 'node:stream'
import { openMetrics } from '../lib/cli/metrics.js'
import { parseWords, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { didYouMean } from '../lib/text/nearest.js'
import { usage } from '../lib/xff-bus/options.js'

type Main = typeof import('../lib/xff-bus/main.js')

/** The filters: how their metrics begin, and what runs them. */
const FILTERS: Readonly<Record<string, readonly [prefix: string, keyof Main]>> = {
  'write requests': ['xff_bus_write_requests', 'runWriteRequests'],
  'write bans': ['xff_bus_write_bans', 'runWriteBans'],
  'read requests': ['xff_bus_read_requests', 'runReadRequests'],
  'read bans': ['xff_bus_read_bans', 'runReadBans'],
}

run(usage.command, async ({ onBadLine, warn }) => {
  const read = await parseWords(usage, process.argv.slice(2))
  if (!read) return null
  const { words, given } = read
  const text = (said: string) => ({
    input: Readable.from([Buffer.from(said)]),
    stages: [],
    summary: () => '',
  })

  const [verb, file, ...more] = words
  if (verb === 'key' && file !== undefined && more.length === 0) {
    const { makeKey } = await import('../lib/xff-bus/key.js')
    return text(`${await makeKey(file)}\n`)
  }
  const call = words.join(' ')
  const filter = FILTERS[call]
  if (!filter && call !== 'setup' && call !== 'status')
    throw new UsageError(
      `expected write or read, and requests or bans; or setup, status or key FILE; got ${JSON.stringify(call)}${didYouMean(
        call,
        usage.subcommands.map(({ call }) => call),
      )}`,
    )
  if (call === 'setup' && given['print-auth']) {
    const { authConfig } = await import('../lib/xff-bus/auth.js')
    return text(authConfig(given.fleet, given))
  }
  if (given.nkey && given.creds) throw new UsageError('--nkey: expected no --creds with it, got both')

  const from = given.from ?? hostname().replaceAll(/[^A-Za-z0-9_-]/g, '-')
  const stop = new AbortController()
  const { openNats } = await import('../lib/xff-bus/nats/open.js')
  const servers = given.server.length > 0 ? given.server : [{ url: 'nats://127.0.0.1:4222', isTls: false }]
  const broker = await openNats(given.fleet, stop.signal, {
    servers: servers.map(({ url }) => url),
    isTls: servers.some(({ isTls }) => isTls),
    name: from,
    nkey: given.nkey,
    creds: given.creds,
    ca: given.ca,
    // what is the end now cannot be awaited
    isPatient: filter !== undefined && !given.end,
    warn,
  })
  if (call === 'setup') {
    const { replicas, keep, 'keep-bans': keepBans, size } = given
    await broker.setup({ replicas, keepRequests: keep, keepBans, requestBytes: size * 2 ** 20 })
    await broker.close()
    return text('')
  }
  if (!filter) {
    const { statusOf, statusText } = await import('../lib/xff-bus/status.js')
    const now = Date.now()
    const status = await statusOf(broker, now, given.ahead * 1000)
    await broker.close()
    return text(process.stdout.isTTY ? statusText(status, now) : `${JSON.stringify(status)}\n`)
  }
  const [prefix, start] = filter
  const metrics = await openMetrics(prefix, given.metrics, warn)
  const main = await import('../lib/xff-bus/main.js')
  const running = await main[start]({ broker, given, from, now: Date.now, stop, warn, onBadLine }, metrics)
  // a reader has no stdin whose end could be awaited
  if (running.input) for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort())
  return {
    ...running,
    async finish() {
      stop.abort()
      await metrics.finish()
      await broker.close()
    },
  }
})
