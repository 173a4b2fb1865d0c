import { counted } from '../text/counted.js'
import type { OnBadLine } from '../wire/bad-line.js'
import { decodeBatches } from '../wire/jsonl.js'
import type { BanRecord, HeldRecord, RefusedRecord, UnchangedRecord } from '../wire/record.js'
import type { Backend } from './backend/backend.js'
import { instrumented } from './backend/instrumented.js'
import { allowedTable } from './control/allowed-table.js'
import { banTable } from './control/ban-table.js'
import { ask } from './control/client.js'
import { exceptions } from './control/exceptions.js'
import { listAllowed, listBans } from './control/list.js'
import { runSubcommand } from './control/run.js'
import { serve } from './control/server.js'
import type { Target } from './control/target-list.js'
import { createHealth, type Health } from './health.js'
import type { Allowance } from './jail/allowances.js'
import type { Reply } from './jail/batch.js'
import { type Brake, createBrake } from './jail/brake.js'
import { type Metrics, measure, statusOf } from './measure.js'
import { openXffBan } from './open.js'
import { readOrdinaryBan } from './ordinary-ban.js'
import type { Settings } from './settings.js'
import type { XffBan } from './stage.js'

/** Where the command writes what is no record. */
export interface Context {
  onBadLine: OnBadLine
  warn: (message: string) => void
}

/** `xff-ban list`. @returns the bans in force and those held back, or a table of them */
export async function list(
  settings: Settings,
  context: Context,
  asTable: boolean,
): Promise<(BanRecord | HeldRecord)[] | string> {
  const { hitsInKernel } = await import('./backend/bpf.js')
  const { name, system } = settings
  const hits = () => hitsInKernel(name, system.now)
  const bans = await listBans({ ...settings, ...context, hits })
  return asTable ? banTable(bans, system.now()) : bans
}

/** `xff-ban allowed`. @returns who is allowed, or a table of them */
export async function allowed(
  settings: Settings,
  context: Context,
  asTable: boolean,
): Promise<Allowance[] | string> {
  const found = await listAllowed({ ...settings, ...context, hits: async () => undefined })
  return asTable ? allowedTable(found, settings.system.now()) : found
}

/** The subcommands that change something. @returns what was carried out or dropped, and whether anything was refused */
export async function change(
  settings: Settings,
  context: Context,
  metrics: Metrics,
): Promise<{ records: Exclude<Reply, RefusedRecord | UnchangedRecord>[]; isRefused: boolean }> {
  const { paths, isRehearsal, asked } = settings
  const subcommand =
    settings.subcommand.verb === 'crawlers' ? await crawlers(settings, context) : settings.subcommand
  if (subcommand.verb === 'filter' || subcommand.verb === 'list' || subcommand.verb === 'allowed')
    return { records: [], isRefused: false }
  if (subcommand.verb === 'check') return { records: [], isRefused: false }
  const replies = await runSubcommand(subcommand, {
    socket: isRehearsal ? undefined : paths.socket,
    asked,
    open: flush => open({ ...settings, flush }, context, metrics),
  })
  if ('unread' in subcommand) for (const unread of subcommand.unread ?? []) context.warn(unread)
  for (const exception of exceptions(subcommand.verb, replies)) context.warn(exception)
  const records = replies.filter(reply => reply.type !== 'refused' && reply.type !== 'unchanged')
  const refused = replies.filter(({ type }) => type === 'refused')
  // of a list made by others some are never to be banned; of what people name, none is refused in silence
  const isOfList = new Set('unread' in subcommand ? listed(subcommand.targets) : [])
  return {
    records,
    isRefused: refused.some(({ ip }) => !isOfList.has(ip)) || (records.length === 0 && refused.length > 0),
  }
}

/** `xff-ban crawlers`. @returns which addresses are to be allowed */
async function crawlers(settings: Settings, context: Context): Promise<{ verb: 'allow'; targets: Target[] }> {
  const [{ findCrawlers }, { systemLookup }] = await Promise.all([
    import('./crawlers/allow.js'),
    import('./crawlers/verify.js'),
  ])
  const allowed = await listAllowed({ ...settings, ...context, hits: async () => undefined })
  const jail = { journal: settings.paths.journal, allowed, ...context }
  return { verb: 'allow', targets: await findCrawlers(jail, systemLookup(), settings.system.monotonic) }
}

function listed(targets: readonly Target[]): string[] {
  return targets.flatMap(({ ip, list }) => (list === undefined ? [] : ip))
}

/** `xff-ban check`. @returns what was found, as text or as one JSON object, and whether all holds */
export async function checked(
  settings: Settings,
  context: Context,
  metrics: Metrics,
  asText: boolean,
): Promise<{ text: string; ok: boolean }> {
  const { subcommand, paths, name, system, check: given, jailOptions } = settings
  if (subcommand.verb !== 'check' || !given) throw new Error('not asked to check')
  const [{ check }, { verdictText }] = await Promise.all([
    import('./check/check.js'),
    import('./check/verdict.js'),
  ])
  const run = (verb: 'ban' | 'unban', ip: string, until?: string) =>
    runSubcommand(
      { verb, targets: [{ ip }] },
      {
        socket: paths.socket,
        asked: until === undefined ? {} : { until },
        open: flush => open({ ...settings, flush }, context, metrics),
      },
    )
  const verdict = await check({
    ...{ ...given, ...system, name, url: subcommand.url, exempt: jailOptions.exempt, warn: context.warn },
    isRunning: async () => (await ask(paths.socket, [])) !== undefined,
    ban: (ip, until) => run('ban', ip, until),
    unban: ip => run('unban', ip),
  })
  return { text: asText ? verdictText(verdict) : `${JSON.stringify(verdict)}\n`, ok: verdict.ok }
}

/** `xff-ban` without a subcommand: bans and unbans on stdin, those carried out on stdout. */
export async function filter(
  settings: Settings,
  context: Context,
  metrics: Metrics,
  badLines: () => number,
): Promise<{
  stages: NodeJS.ReadWriteStream[]
  summary: () => string
  drain: () => void
  needsReader: boolean
  ready: Promise<void>
}> {
  const brake = settings.brakeOptions && createBrake({ ...settings.brakeOptions, warn: context.warn })
  const { now, silenceMs, isRehearsal, paths } = settings
  const health = createHealth({ now: now ?? (() => 0), silenceMs, warn: context.warn })
  const { backend, ...own } = await prepare(settings, context, metrics, brake, health)
  const { stage, tally, jail, ask, list, drain } = own
  health.connect(problem => !stage.writableEnded && !stage.destroyed && stage.push(problem))
  if (now) stage.once('close', health.watch())
  const held = () => brake?.held().length ?? 0
  const seen = { tally, jail, health, backend, held, maxBans: settings.jailOptions.maxBans }
  // what is on stdin meanwhile is read, since the kernel may take seconds to load a program
  const ready = own.open(async () => {
    if (isRehearsal || stage.destroyed) return
    const status = () => statusOf(seen)
    const close = await serve(paths.socket, { list, ask, status }, context.warn)
    stage.once('close', close)
  })
  ready.catch(error => stage.on('error', () => {}).destroy(error))
  metrics.counter('foreign_total', 'lines that are neither bans nor unbans', badLines)
  return {
    ready: ready.then(() => void stage.once('close', measure(seen, metrics, context.warn))),
    stages: [
      ...decodeBatches(['ban', 'unban', 'allow', 'disallow', 'tally'], context.onBadLine, readOrdinaryBan),
      health.listen(brake !== undefined),
      stage,
    ],
    summary() {
      if (held() > 0) {
        context.warn(
          `${counted(held(), 'ban')} still held back: forgotten, until their clients go on failing`,
        )
      }
      return (
        `${counted(tally.bans, 'ban')}, ${counted(tally.unbans, 'unban')}, ${tally.expired} expired already, ` +
        `${counted(tally.duplicates, 'duplicate')}, ${tally.refused} refused${held() > 0 ? `, ${held()} held` : ''}`
      )
    },
    drain,
    // the next stage has died: what bans should not look alive
    needsReader: !settings.isRehearsal,
  }
}

async function open(settings: Settings, context: Context, metrics: Metrics): Promise<XffBan> {
  const own = await prepare(settings, context, metrics)
  await own.open()
  return own
}

async function prepare(
  settings: Settings,
  context: Context,
  metrics: Metrics,
  brake?: Brake,
  health?: Health,
): Promise<XffBan & { backend: Backend }> {
  const { openBackend, isRehearsal, paths, system } = settings
  const backend = instrumented(await openBackend(context.warn), metrics, system.monotonic)
  const opened = { ...settings, ...context, backend, brake, health, paths: isRehearsal ? undefined : paths }
  return { ...(await openXffBan(opened)), backend }
}
