import type { Duplex } from 'node:stream'
import { messageOf } from '../exit.js'
import type { BanRecord, HeldRecord } from '../wire/record.js'
import type { Backend } from './backend/backend.js'
import { emitHits, withHits } from './backend/hits.js'
import { BanStage } from './ban-stage.js'
import type { Health } from './health.js'
import type { Allowance } from './jail/allowances.js'
import type { Reply, Tally } from './jail/batch.js'
import type { Brake } from './jail/brake.js'
import { createDecider, type Order } from './jail/decide.js'
import type { Jail } from './jail/jail.js'
import { createWarnings } from './jail/warnings.js'
import type { Journal } from './journal/journal.js'

export interface Options {
  jail: Jail
  backend: Backend
  journal: Journal
  /** milliseconds since 1970; undefined: the newest record's time is now */
  now: (() => number) | undefined
  /** by how many milliseconds the clock was set since the last call */
  clockStep?: () => number
  /** what holds bans back; undefined: nothing does */
  brake?: Brake | undefined
  /** whether all bans are ended when the input ends */
  flush: boolean
  /** how often the backend is checked */
  verifyMs: number
  /** warn when this many bans fall within a minute */
  storm: number
  /** is told what is amiss */
  health?: Pick<Health, 'ineffective' | 'backend'> | undefined
  /** whether hits are emitted, once a minute */
  hits?: boolean
  /** whether a reader that does not read holds up the input for good, as in a rehearsal */
  waitForReader?: boolean
  warn: (message: string) => void
}

export interface XffBan {
  /**
   * Has the backend enforce what is in force. Orders may come meanwhile; they are carried out when it is done.
   * @param opened what is to be done before them
   * @throws BackendError when the backend cannot be used
   */
  open: (opened?: () => Promise<void>) => Promise<void>
  /** orders in, what was carried out out */
  stage: Duplex
  jail: Jail
  tally: Tally
  /** Carries out orders that come from elsewhere; what was carried out is emitted by the stage as well. */
  ask: (orders: readonly Order[]) => Promise<Reply[]>
  /** The bans in force, with their hits where these are counted, those that are held back, and who is allowed. */
  list: () => Promise<(BanRecord | HeldRecord | Allowance)[]>
  /** The command is to end: what cannot be done soon is given up. */
  drain: () => void
}

/** Bans and unbans in, those that were carried out out; to be opened. */
export function xffBan(options: Options): XffBan {
  const { jail, backend, now, clockStep = () => 0, brake, health, storm, warn } = options
  // in a replay nobody was banned, so of course they went on
  const told = { hint: now && backend.hint, ineffective: health?.ineffective }
  const warnings = createWarnings({ storm, ...told, warn })
  const decider = createDecider({ jail, backend, now, clockStep, brake, warnings, warn })
  const begin = decider.begin()
  const stage = new BanStage(options, decider)
  return {
    async open(opened = async () => {}) {
      await stage.loop.begin(async () => {
        await backend.open(jail.inForce())
        await opened()
        return begin
      })
      stage.watch()
      if (options.hits && !stage.destroyed) emitHits(stage, backend, warn)
    },
    stage,
    jail,
    tally: decider.tally,
    ask: orders => stage.ask(orders),
    async list() {
      const hits = await backend.hits?.().catch(error => warn(`hits: ${messageOf(error)}`))
      const bans = jail.inForce().map(({ record }) => record)
      return [...withHits(bans, hits || undefined), ...(brake?.held() ?? []), ...jail.allowed.inForce()]
    },
    drain: () => stage.drain(),
  }
}
