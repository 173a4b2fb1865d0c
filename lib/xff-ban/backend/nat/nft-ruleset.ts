import {
  answersOf,
  type Element,
  has,
  isField,
  keyOfMap,
  type MapLookup,
  type NamedMaps,
  nameOf,
  partsOf,
  portsOf,
} from './nft-maps.js'
import type { NatRule, NatTable, Verdict } from './rules.js'

/** What `nft -j list` prints of chains, tables and maps, as far as it is read here. */
interface Listing {
  nftables: readonly { chain?: Chain; rule?: Rule; map?: { elem?: readonly Element[] } }[]
}

interface Chain {
  family: string
  table: string
  name: string
  type?: string
  hook?: string
}

interface Rule {
  family: string
  table: string
  chain: string
  expr: readonly Expression[]
}

/** One of its members. */
interface Expression {
  match?: { op?: string; left?: unknown; right?: unknown }
  dnat?: { addr?: unknown; port?: unknown }
  redirect?: { port?: unknown } | null
  jump?: { target: string }
  goto?: { target: string }
  vmap?: MapLookup
}

/** A map with a name. */
export interface MapName {
  family: string
  table: string
  name: string
}

/**
 * Reads the tables in which addresses are translated.
 * @param maps the elements of the maps that `mapsOfNat` names
 */
export function readNftNat(json: string, maps: NamedMaps = new Map()): NatTable[] {
  const { nftables }: Listing = JSON.parse(json)
  const roots = rootsOf(nftables)
  const tables = new Map(
    [...roots].map(([key, names]) => [key, { roots: names, chains: new Map<string, NatRule[]>() }]),
  )
  for (const { rule } of nftables) {
    const chains = rule && tables.get(keyOfTable(rule))?.chains
    if (!chains) continue
    const rules = chains.get(rule.chain) ?? []
    chains.set(rule.chain, rules)
    rules.push(...rulesOf(rule, maps))
  }
  return [...tables.values()]
}

/** The tables in which addresses are translated, of what `nft -j list chains` prints. */
export function natTablesOf(json: string): { family: string; table: string }[] {
  const { nftables }: Listing = JSON.parse(json)
  return [...rootsOf(nftables).keys()].map(key => {
    const [family = '', table = ''] = key.split(' ', 2)
    return { family, table }
  })
}

/** The maps that rules of these tables ask, whose elements are not in a listing without sets (`nft -t`). */
export function mapsOfNat(json: string): MapName[] {
  const { nftables }: Listing = JSON.parse(json)
  const roots = rootsOf(nftables)
  const found = nftables.flatMap(({ rule }) =>
    rule && roots.has(keyOfTable(rule))
      ? rule.expr.flatMap(expression => {
          const lookup = lookupOf(expression)
          const name = lookup && nameOf(lookup)
          return name === undefined ? [] : [{ family: rule.family, table: rule.table, name }]
        })
      : [],
  )
  return [...new Map(found.map(map => [keyOfMap(map.family, map.table, map.name), map])).values()]
}

/** Reads what `nft -j list map` prints. */
export function readNftMap(json: string): readonly Element[] {
  const { nftables }: Listing = JSON.parse(json)
  return nftables.flatMap(({ map }) => map?.elem ?? [])
}

/** The chains in which packets begin, by the tables that translate addresses. */
function rootsOf(nftables: Listing['nftables']): Map<string, string[]> {
  const roots = new Map<string, string[]>()
  for (const { chain } of nftables) {
    if (chain?.type !== 'nat' || (chain.hook !== 'prerouting' && chain.hook !== 'output')) continue
    roots.set(keyOfTable(chain), [...(roots.get(keyOfTable(chain)) ?? []), chain.name])
  }
  return roots
}

function keyOfTable({ family, table }: { family: string; table: string }): string {
  return `${family} ${table}`
}

/** A rule, once for each port or range of ports that it is for. */
function rulesOf({ family, table, expr }: Rule, maps: NamedMaps): NatRule[] {
  const decisions = expr.flatMap(expression =>
    decisionsOf(expression, lookup => {
      const name = nameOf(lookup)
      return (name === undefined ? undefined : maps.get(keyOfMap(family, table, name))) ?? []
    }),
  )
  const match = expr
    .map(({ match }) => match)
    .find(
      match =>
        has(match?.left, 'payload') &&
        has(match.left.payload, 'field') &&
        match.left.payload.field === 'dport',
    )
  if (match && (!isField(match.left, 'dport') || (match.op !== '==' && match.op !== 'in'))) return []
  const all = match ? portsOf(match.right) : [undefined]
  return decisions.flatMap(({ ports, verdict }) =>
    (ports ?? all).map(one => (one === undefined ? { verdict } : { ports: one, verdict })),
  )
}

interface Decision {
  ports: readonly NatRule['ports'][] | undefined
  verdict: Verdict
}

function decisionsOf(
  expression: Expression,
  elements: (lookup: MapLookup) => readonly Element[],
): Decision[] {
  const lookup = lookupOf(expression)
  if (!lookup) {
    const verdict = verdictOf(expression)
    return verdict ? [{ ports: undefined, verdict }] : []
  }
  const port = expression.dnat?.port
  return answersOf(lookup, elements(lookup)).flatMap(({ ports, value }) => {
    const verdict = expression.vmap ? chainOf(value) : destinationOf(value, port)
    return verdict ? [{ ports, verdict }] : []
  })
}

/** The map that a rule asks, for what to do or where to. */
function lookupOf({ vmap, dnat }: Expression): MapLookup | undefined {
  if (vmap) return vmap
  const address = dnat?.addr
  if (!has(address, 'map') || !has(address.map, 'key') || !has(address.map, 'data')) return undefined
  return { key: address.map.key, data: address.map.data }
}

function verdictOf({ dnat, redirect, jump, goto }: Expression): Verdict | undefined {
  const next = jump ?? goto
  if (next) return { jump: next.target }
  if (typeof redirect?.port === 'number') return { redirect: redirect.port }
  return destinationOf(dnat?.addr, dnat?.port)
}

/** Where an element of a map goes on. */
function chainOf(value: unknown): Verdict | undefined {
  const next = has(value, 'goto') ? value.goto : has(value, 'jump') ? value.jump : undefined
  return has(next, 'target') && typeof next.target === 'string' ? { jump: next.target } : undefined
}

/** An address, or one with a port (`10.244.0.2 . 3031`). */
function destinationOf(value: unknown, otherPort: unknown): Verdict | undefined {
  const [address, port = otherPort] = partsOf(value)
  if (typeof address !== 'string') return undefined
  return { address, ...(typeof port === 'number' ? { port } : {}) }
}
