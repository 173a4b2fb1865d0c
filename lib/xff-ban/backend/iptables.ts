import { messageOf } from '../../exit.js'
import type { Ban } from '../jail/ban.js'
import { type Backend, BackendError, type Change, MANY_CHANGES } from './backend.js'
import { type Hook, problemWithJumps } from './iptables/jumps.js'
import {
  currentListeners,
  FAMILIES,
  type Family,
  familiesReached,
  type Listener,
} from './iptables/listeners.js'
import type { Match } from './iptables/match.js'
import { nftTable } from './iptables/nft-table.js'
import { problemWithChains } from './iptables/parse-save.js'
import { restoreScript } from './iptables/restore-script.js'
import { checkName } from './iptables/rules.js'
import { createRuleset } from './iptables/ruleset.js'
import { type Strategy, type StrategyOptions, strategiesFor, warningsOf } from './iptables/strategy.js'
import { install, readHook, readTable, remove, restore } from './iptables/tables.js'
import { removeOfOthers } from './iptables/variants.js'

export interface Options extends Hook, StrategyOptions {
  match: Match
  /** the likely cause when a banned address goes on failing */
  hint: string
  warn: (message: string) => void
}

/**
 * Chains of our own, reached from a built-in one, that look for the banned clients' addresses in the packets that
 * the front end sends. The rules hold the end of each ban, so the kernel ends it even when xff-ban is dead.
 * A packet's family is that of the connection from the front end, whatever the client's address is: the rules
 * are in each family in which the app can be reached, in one transaction each.
 * @throws RangeError for a name that no chain can have
 */
export function iptablesBackend(options: Options): Backend {
  const { name, warn } = options
  checkName(name)
  const strategies = strategiesFor(options)
  const nft = nftTable(options)
  let rules = createRules(options, strategies[0], [])

  /** Takes over with the best strategy that works here. */
  const start = async (bans: readonly Ban[], listeners: readonly Listener[]): Promise<void> => {
    for (const [i, strategy] of strategies.entries()) {
      rules = createRules(options, strategy, bans)
      try {
        await (strategy.release ? nft.install() : nft.remove())
        return await rules.takeOver(listeners)
      } catch (error) {
        const next = strategies[i + 1]
        if (!(error instanceof BackendError) || !next) throw error
        warn(
          `${error.message}; so the app's end of a refused connection is not freed: ${next.target} instead`,
        )
      }
    }
  }

  return {
    name: `iptables chain ${name}`,
    atOnce: MANY_CHANGES,
    hint: options.hint,
    refuses: ip => (ip.includes('/') ? 'packets are searched for one address, not for a prefix' : undefined),

    async open(bans) {
      const listeners = (await currentListeners()) ?? []
      await start(bans, listeners)
      for (const warning of warningsOf(rules.strategy, options, listeners)) warn(warning)
      for (const said of await removeOfOthers(FAMILIES, name)) warn(said)
    },

    apply: changes => rules.apply(changes),

    async reconcile() {
      const problems = await rules.reconcile((await currentListeners()) ?? [])
      const isWrong = rules.strategy.release && (await nft.reconcile())
      if (isWrong) problems.push('nft: our table was changed')
      return problems.length > 0 ? problems.join('; ') : undefined
    },

    async flush() {
      for (const family of FAMILIES) await remove(family, name).catch(ignoreMissing)
      for (const said of await removeOfOthers(FAMILIES, name)) warn(said)
      await nft.remove()
      rules = createRules(options, strategies[0], [])
    },
  }
}

/** The rules of all families, written in the way of one strategy. */
function createRules(options: Options, strategy: Strategy, bans: readonly Ban[]) {
  const { name, chain, ports, protocol, warn } = options
  const ruleset = createRuleset({ ...options, ...strategy }, bans)
  let families: readonly Family[] = FAMILIES

  const installIn = (family: Family) => install(family, options, strategy.table, ruleset.chains)

  /** Only listeners on this host can be seen. */
  const reached = (listeners: readonly Listener[]) =>
    chain === 'INPUT' && protocol === 'tcp' ? familiesReached(listeners, ports) : FAMILIES

  return {
    strategy,

    async takeOver(listeners: readonly Listener[]): Promise<void> {
      families = reached(listeners)
      for (const family of FAMILIES) {
        if (families.includes(family)) await installIn(family)
        else await remove(family, name).catch(ignoreMissing)
      }
    },

    async apply(changes: readonly Change[]): Promise<void> {
      const revision = ruleset.revise(changes)
      if (revision.written.length === 0 && revision.gone.length === 0) return
      for (const family of families) {
        const problem = problemWithJumps(options, await readHook(family, options, strategy.table))
        if (problem !== undefined) {
          warn(`${family}: ${problem}; restored`)
          await installIn(family)
          continue
        }
        try {
          await restore(family, [restoreScript(strategy.table, revision)])
        } catch (error) {
          // others may have done something to our chains
          warn(`${messageOf(error)}; all rules are written anew`)
          await installIn(family)
        }
      }
    },

    /** @returns what was missing or wrong */
    async reconcile(listeners: readonly Listener[]): Promise<string[]> {
      const problems: string[] = []
      for (const family of reached(listeners).filter(family => !families.includes(family))) {
        await installIn(family)
        families = [...families, family]
        problems.push(`${family}: the app could be reached there without rules`)
      }
      for (const family of families) {
        const found = await readTable(family, options, strategy.table)
        const problem =
          problemWithJumps(options, found.hook) ?? problemWithChains(found.chains, ruleset.chains)
        if (problem === undefined) continue
        await installIn(family)
        problems.push(`${family}: ${problem}`)
      }
      return problems
    },
  }
}

/** A family whose programs are missing, or that the kernel lacks, has nothing of ours. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof BackendError)) throw error
}
