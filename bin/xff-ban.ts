#!/usr/bin/env node
import { uptime } from 'node:os'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { openMetrics } from '../lib/cli/metrics.js'
import { checked, checkedLater, parseWords } from '../lib/cli/options/parse.js'
import { type Command, run } from '../lib/cli/run.js'
import { EXIT } from '../lib/exit.js'
import { counted } from '../lib/text/counted.js'
import { formatInstant } from '../lib/wire/instant.js'
import { decode, encode } from '../lib/wire/jsonl.js'
import type { AnyRecord } from '../lib/wire/record.js'
import { matchHint } from '../lib/xff-ban/backend/hints.js'
import { measured } from '../lib/xff-ban/backend/instrumented.js'
import { compileMatch } from '../lib/xff-ban/backend/iptables/match.js'
import { banTable } from '../lib/xff-ban/control/ban-table.js'
import { readOrder } from '../lib/xff-ban/control/subcommand.js'
import { escalation } from '../lib/xff-ban/jail/escalation.js'
import { createExempt } from '../lib/xff-ban/jail/exempt.js'
import { usage } from '../lib/xff-ban/options.js'
import { givenOptions } from '../lib/xff-ban/options-packets.js'

/** The kernel program, built beside the bundle. */
const OBJECT = fileURLToPath(new URL('xff-ban.bpf.o', import.meta.url))

run(usage.command, async ({ onBadLine, warn, badLineCount }) => {
  const read = await parseWords(usage, process.argv.slice(2))
  if (!read) return null
  const { words, given } = read
  // what enforces takes a tenth of the start-up, and --help does without
  const [{ chooseBackend }, { listBans, openXffBan, placeOf }, { serve }, { obey }] = await Promise.all([
    import('../lib/xff-ban/backend/choose.js'),
    import('../lib/xff-ban/open.js'),
    import('../lib/xff-ban/control/server.js'),
    import('../lib/xff-ban/control/run.js'),
  ])
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
    const { hitsInKernel } = await import('../lib/xff-ban/backend/bpf.js')
    const bans = await listBans(place, terms, now?.(), onBadLine, () => hitsInKernel(given.name, Date.now))
    return print(process.stdout.isTTY ? [banTable(bans, Date.now())] : bans)
  }

  const metrics = await openMetrics('xff_ban', given.metrics, warn)
  const rehearsal = given['dry-run']
  const alone = order.verb === 'filter' || rehearsal ? '' : 'no xff-ban of this name is running: '
  const open = async (flush: boolean) =>
    openXffBan({
      backend: measured(
        await checkedLater(alone, () =>
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
            warn,
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
              warn,
            },
          }),
        ),
        metrics,
        () => performance.now(),
      ),
      terms,
      place: rehearsal ? undefined : place,
      name: given.port.length > 0 ? given.name : undefined,
      clocks: { wall: Date.now, sinceBoot: () => uptime() * 1000 },
      pid: process.pid,
      now,
      flush,
      verify: given.verify * 1000,
      storm: given.storm,
      hits: given.hits,
      onBadLine,
      warn,
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
      warn(`${type === 'refused' ? `refused to ${order.verb} ` : ''}${JSON.stringify(ip)}: ${because}`)
      if (type === 'refused') process.exitCode = EXIT.usage
    }
    return print(answers.flatMap(answer => ('because' in answer ? [] : answer)))
  }

  const { stage, tally, hurry, jail, ask, list } = await open(given.flush)
  if (!rehearsal) {
    stage.once('close', await serve(place.socket, { list, ask }, warn))
  }
  metrics.counter('bans_total', 'bans carried out', () => tally.bans)
  metrics.counter('unbans_total', 'unbans carried out', () => tally.unbans)
  metrics.counter('refused_total', 'records that were refused', () => tally.refused)
  metrics.counter('foreign_total', 'lines that are neither bans nor unbans', badLineCount)
  metrics.gauge('in_force', 'bans in force', () => jail.inForce().length)
  return {
    finish: metrics.finish,
    stages: [...decode(['ban', 'unban'], onBadLine), stage, encode()],
    summary: () =>
      `${counted(tally.bans, 'ban')}, ${counted(tally.unbans, 'unban')}, ${tally.past} over before they came, ` +
      `${counted(tally.repeats, 'repeat')}, ${tally.refused} refused`,
    hurry,
  }
})

/** Text as it is, records as JSON Lines. */
function print(lines: readonly (string | AnyRecord)[]): Command {
  const stages = typeof lines[0] === 'string' ? [] : [encode()]
  return { input: Readable.from(lines), stages, summary: () => '' }
}
