/** One table of one family: what of it is ours, and the chain that leads there. */
export interface SavedTable {
  /** how many rules each chain of the jail has, by its name */
  chains: Map<string, number>
  /** the rules that lead to them from whatever chain, as `-A INPUT ... -j NAME` */
  jumps: string[]
  /** the rules of the built-in chain in their order, as `-A INPUT ...` */
  hook: string[]
}

/**
 * Reads what iptables-save prints, of all tables.
 * @param builtIn the chain whose rules are `hook`; none: that is left out
 */
export function readTables(saved: string, name: string, builtIn?: string): Map<string, SavedTable> {
  const tables = new Map<string, SavedTable>()
  const beginning = `${name}/`
  const jump = ` -j ${name}`
  let table: SavedTable = { chains: new Map(), jumps: [], hook: [] }
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) {
      table = { chains: new Map(), jumps: [], hook: [] }
      tables.set(line.slice(1), table)
      continue
    }
    if (line.startsWith('-A ') && line.endsWith(jump)) table.jumps.push(line)
    if (line.startsWith(`-A ${builtIn} `)) {
      table.hook.push(line)
    } else if (line.startsWith(':') || line.startsWith('-A ')) {
      const isRule = line.startsWith('-A ')
      const start = isRule ? 3 : 1
      const chain = line.slice(start, line.indexOf(' ', start))
      if (chain !== name && !chain.startsWith(beginning)) continue
      table.chains.set(chain, (table.chains.get(chain) ?? 0) + (isRule ? 1 : 0))
    }
  }
  return tables
}

/** What is wrong with the chains, by the number of rules that each should have. */
export function problemWithChains(
  found: ReadonlyMap<string, number>,
  wanted: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const missing = [...wanted.keys()].filter(name => !found.has(name))
  if (missing.length > 0) return `${missing.length} of ${wanted.size} chains were gone`
  const changed = [...wanted].filter(([name, rules]) => found.get(name) !== rules.length)
  if (changed.length > 0) {
    const [name, rules] = changed[0] as [string, readonly string[]]
    return `${found.get(name)} of ${rules.length} rules stood in ${name}`
  }
  const foreign = [...found.keys()].filter(name => !wanted.has(name))
  return foreign.length > 0 ? `${foreign.length} chains were not ours: ${foreign[0]}` : undefined
}
