/** What a rule of NAT does with the packets that it is for. */
export type Verdict =
  | { jump: string }
  /** to another address; without a port: to the same one. A range leads to one port, or to a range from there on */
  | { address: string; port?: number; isRange?: true }
  /** to this host itself */
  | { redirect: number }

/** A rule, as far as it concerns TCP. */
export interface NatRule {
  /** the ports that it is for, both included; undefined: all, or such as we cannot read */
  ports?: readonly [first: number, last: number]
  verdict: Verdict
}

/** The rules of one table, by their chains. */
export interface NatTable {
  /** the chains in which packets begin */
  roots: readonly string[]
  chains: ReadonlyMap<string, readonly NatRule[]>
}

/** Where NAT leads from a port. */
export interface Way {
  port: number
  /** undefined: this host itself */
  address?: string
  to: number
}

/** How many rules are looked at, in all tables: more than any machine has that is not lost. */
const MAX_RULES = 200_000

/**
 * The ways that lead from a port to another one, over any number of chains. A condition other than the port is taken for
 * fulfilled, so there may be several.
 * @param isWanted which ports are of interest: of a way its beginning, or its end
 */
export function waysIn(table: NatTable, isWanted: (port: number) => boolean): Way[] {
  const ways: Way[] = []
  const seen = new Set<string>()
  let left = MAX_RULES

  const walk = (chain: string, ports: NatRule['ports']) => {
    const key = `${chain} ${ports?.join('-') ?? ''}`
    if (seen.has(key)) return
    seen.add(key)
    for (const rule of table.chains.get(chain) ?? []) {
      if (left-- <= 0) return
      const own = rule.ports ?? ports
      if ('jump' in rule.verdict) walk(rule.verdict.jump, own)
      else if (own) ways.push(...waysOf(own, rule.verdict, isWanted))
    }
  }
  for (const root of table.roots) walk(root, undefined)
  return ways
}

function waysOf(
  [first, last]: readonly [number, number],
  verdict: Exclude<Verdict, { jump: string }>,
  isWanted: (port: number) => boolean,
): Way[] {
  const address = 'address' in verdict ? { address: verdict.address } : {}
  const to = 'redirect' in verdict ? verdict.redirect : verdict.port
  if (to !== undefined && isWanted(to) && first === last) return [{ port: first, ...address, to }]
  const shift = 'isRange' in verdict && verdict.isRange === true ? 1 : 0
  const ways: Way[] = []
  for (let port = first; port <= last; port++) {
    if (isWanted(port))
      ways.push({ port, ...address, to: to === undefined ? port : to + shift * (port - first) })
  }
  return ways
}
