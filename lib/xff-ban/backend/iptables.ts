import { messageOf } from '../../exit.js'
import type { Ban } from '../jail/jail.js'
import { type Backend, BackendError, type Change } from './backend.js'
import { faultOfJumps, type Hook } from './iptables/jumps.js'
import { FAMILIES, type Family, familiesReached, type Listener, readListeners } from './iptables/listeners.js'
import type { Match } from './iptables/match.js'
import { nftTable } from './iptables/nft-table.js'
import { faultOfChains } from './iptables/parse-save.js'
import { transaction } from './iptables/restore-script.js'
import { checkName } from './iptables/rules.js'
import { createRulebook } from './iptables/ruleset.js'
import { type Way, type Wish, warningsOf, waysFor } from './iptables/strategy.js'
import { install, readHook, remove, restore, surveyTable } from './iptables/tables.js'
import { runProgram } from './run-program.js'

export interface Options extends Hook, Wish {
  match: Match
  /** why it may not bite where a banned address keeps failing */
  hint: string
  /** tells people what they should know */
  warn: (message: string) => void
}

/**
 * Chains of our own, reached from a built-in one, that look for the banned clients' addresses in the packets that
 * the front end sends. The rules hold the end of each ban, so the kernel ends it whatever has become of us.
 * A packet's family is that of the connection from the front end, whatever the client's address is: the rules
 * stand in each family in which the app can be reached, in one transaction each.
 * @throws RangeError for a name that no chain can have
 */
export function iptablesBackend(options: Options): Backend {
  const { name, chain, ports, protocol, warn } = options
  checkName(name)
  const ways = waysFor(options)
  const nft = nftTable(options)
  let way = ways[0] as Way
  let families: readonly Family[] = FAMILIES
  let book = createRulebook({ ...options, ...way }, [])

  const installIn = (family: Family) => install(family, options, way.table, book.chains)

  /** Takes over with one of the ways. */
  const start = async (choice: Way, bans: readonly Ban[], listeners: readonly Listener[]) => {
    way = choice
    book = createRulebook({ ...options, ...way }, bans)
    families = reached(listeners)
    await (way.release ? nft.install() : nft.remove())
    for (const family of FAMILIES) {
      if (families.includes(family)) await installIn(family)
      else await remove(family, options).catch(unlessMissing)
    }
  }

  /** Only who lives on this host can be seen. */
  const reached = (listeners: readonly Listener[]) =>
    chain === 'INPUT' && protocol === 'tcp' ? familiesReached(listeners, ports) : FAMILIES

  return {
    name: `iptables chain ${name}`,
    hint: options.hint,
    refuses: ip => (ip.includes('/') ? 'packets are searched for one address, not for a prefix' : undefined),

    async open(bans) {
      const listeners = await readSockets()
      for (const [i, choice] of ways.entries()) {
        try {
          await start(choice, bans, listeners)
          break
        } catch (error) {
          const next = ways[i + 1]
          if (!(error instanceof BackendError) || !next) throw error
          warn(
            `${error.message}; so the app's end of a refused connection is not freed: ${next.target} instead`,
          )
        }
      }
      for (const warning of warningsOf(way, options, listeners)) warn(warning)
    },

    async apply(changes: readonly Change[]) {
      const revision = book.revise(changes)
      if (revision.written.length === 0 && revision.gone.length === 0) return
      for (const family of families) {
        const fault = faultOfJumps(options, await readHook(family, options, way.table))
        if (fault !== undefined) {
          warn(`${family}: ${fault}; put back`)
          await installIn(family)
          continue
        }
        try {
          await restore(family, [transaction(way.table, revision)])
        } catch (error) {
          // others may have done something to our chains
          warn(`${messageOf(error)}; all rules are written anew`)
          await installIn(family)
        }
      }
    },

    async verify() {
      const amiss: string[] = []
      const found = reached(await readSockets())
      for (const family of found.filter(family => !families.includes(family))) {
        await installIn(family)
        families = [...families, family]
        amiss.push(`${family}: the app could be reached there without rules`)
      }
      for (const family of families) {
        const standing = await surveyTable(family, options, way.table)
        const fault = faultOfJumps(options, standing.hook) ?? faultOfChains(standing.chains, book.chains)
        if (fault === undefined) continue
        await installIn(family)
        amiss.push(`${family}: ${fault}`)
      }
      if (way.release && (await nft.repair())) amiss.push('nft: our table was not as we left it')
      return amiss.length > 0 ? amiss.join('; ') : undefined
    },

    async flush() {
      for (const family of FAMILIES) await remove(family, options).catch(unlessMissing)
      await nft.remove()
      book = createRulebook({ ...options, ...way }, [])
    },
  }
}

/** Who waits for connections on this host; nobody, where that cannot be seen. */
async function readSockets(): Promise<Listener[]> {
  return readListeners(await runProgram(['ss', '-Hltn']).catch(() => ''))
}

/** A family whose programs are missing, or that the kernel lacks, has nothing of ours. */
function unlessMissing(error: unknown): void {
  if (!(error instanceof BackendError)) throw error
}
