import type { Ban } from '../../jail/ban.js'
import type { Change } from '../backend.js'
import type { Bytes } from './match.js'
import { type Chain, createWriter, type KeyRules, type WriterOptions } from './rules.js'
import { difference, isSame, layOut, type Node, rootOf } from './tree.js'

/** What has to be written into the kernel. */
export interface Revision {
  /** chains that are new or no longer the same, with all their rules */
  written: Chain[]
  /** names of chains that are no more */
  gone: string[]
}

/** The chains that a set of bans comes to. */
export interface Ruleset {
  /** all of its chains: their rules by their names */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Applies changes. @returns what they come to: the chains on the way to a ban, and no others */
  revise: (changes: readonly Change[]) => Revision
}

/** How many patterns a chain may hold before it is split into chains beneath it, so that most are skipped. */
const PATTERNS_PER_LEAF = 4

export function createRuleset(options: WriterOptions, bans: readonly Ban[]): Ruleset {
  const { match } = options
  const room = Math.max(2, Math.floor(PATTERNS_PER_LEAF / match.leads.length))
  const keys = new Map<Bytes, KeyRules>()
  const writer = createWriter(options, key => keys.get(key))

  const add = ({ ip, until }: Ban) => {
    for (const { key, patterns } of match.spell(ip)) keys.set(key, { patterns, until })
  }
  for (const ban of bans) add(ban)
  let sorted = [...keys.keys()].sort()

  const { root, nodes } = layOut(sorted, room)
  const first = [...writer.writeRoot(root), ...nodes.map(writer.write)]
  const chains = new Map(first.map(({ name, rules }) => [name, rules]))

  /** The root's chains, when they are no longer the same. */
  const reviseRoot = (before: Node, after: Node, touched: ReadonlySet<Bytes>): Revision => {
    const same = before.prefix === after.prefix && isSame(before, after)
    if (same && !after.keys.some(key => touched.has(key))) return { written: [], gone: [] }
    const written = writer.writeRoot(after)
    const names = new Set(written.map(({ name }) => name))
    return { written, gone: writer.gates.filter(name => chains.has(name) && !names.has(name)) }
  }

  return {
    chains,

    revise(changes) {
      const touched = new Set<Bytes>()
      for (const change of changes) {
        const ip = 'ban' in change ? change.ban.ip : change.unban
        for (const { key } of match.spell(ip)) {
          touched.add(key)
          keys.delete(key)
        }
        if ('ban' in change) add(change.ban)
      }
      const before = sorted
      sorted = [
        ...before.filter(key => !touched.has(key)),
        ...[...touched].filter(key => keys.has(key)),
      ].sort()
      const root = reviseRoot(rootOf(before, room), rootOf(sorted, room), touched)
      const { rewritten, gone } = difference(before, sorted, touched, room)
      const revision = {
        written: [...root.written, ...rewritten.map(writer.write)],
        gone: [...root.gone, ...gone.map(writer.chainOf)],
      }
      for (const name of revision.gone) chains.delete(name)
      for (const { name, rules } of revision.written) chains.set(name, rules)
      return revision
    },
  }
}
