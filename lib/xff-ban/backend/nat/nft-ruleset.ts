import type { NatRule, NatTable, Verdict } from './rules.js'

/** What `nft -j list ruleset` prints, as far as it is read here. */
interface Listing {
  nftables: readonly { chain?: Chain; rule?: Rule }[]
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
  match?: { op?: string; left?: { payload?: { protocol?: string; field?: string } }; right?: unknown }
  dnat?: { addr?: unknown; port?: unknown }
  redirect?: { port?: unknown } | null
  jump?: { target: string }
  goto?: { target: string }
}

/** Reads the tables in which addresses are translated. */
export function readNftNat(json: string): NatTable[] {
  const { nftables }: Listing = JSON.parse(json)
  const tables = new Map<string, { roots: string[]; chains: Map<string, NatRule[]> }>()
  const tableOf = ({ family, table }: { family: string; table: string }) => {
    const key = `${family} ${table}`
    const found = tables.get(key) ?? { roots: [], chains: new Map<string, NatRule[]>() }
    tables.set(key, found)
    return found
  }
  for (const { chain, rule } of nftables) {
    if (chain?.type === 'nat' && (chain.hook === 'prerouting' || chain.hook === 'output'))
      tableOf(chain).roots.push(chain.name)
    if (!rule) continue
    const { chains } = tableOf(rule)
    const rules = chains.get(rule.chain) ?? []
    chains.set(rule.chain, rules)
    rules.push(...rulesOf(rule.expr))
  }
  return [...tables.values()].filter(({ roots }) => roots.length > 0)
}

/** A rule, once for each port or range of ports that it is for. */
function rulesOf(expressions: readonly Expression[]): NatRule[] {
  const verdict = expressions.flatMap(expression => verdictOf(expression) ?? [])[0]
  if (!verdict) return []
  const match = expressions.find(({ match }) => match?.left?.payload?.field === 'dport')?.match
  if (!match) return [{ verdict }]
  if (match.left?.payload?.protocol === 'udp' || (match.op !== '==' && match.op !== 'in')) return []
  return portsOf(match.right).map(ports => ({ ports, verdict }))
}

function verdictOf({ dnat, redirect, jump, goto }: Expression): Verdict | undefined {
  const next = jump ?? goto
  if (next) return { jump: next.target }
  if (typeof redirect?.port === 'number') return { redirect: redirect.port }
  if (typeof dnat?.addr !== 'string') return undefined
  return { address: dnat.addr, ...(typeof dnat.port === 'number' ? { port: dnat.port } : {}) }
}

/** `80`, `{"range":[80,90]}`, `{"set":[80,{"range":[90,95]}]}`. */
function portsOf(right: unknown): (readonly [number, number])[] {
  if (typeof right === 'number') return [[right, right]]
  if (typeof right !== 'object' || right === null) return []
  if ('set' in right && Array.isArray(right.set)) return right.set.flatMap(portsOf)
  if ('range' in right && Array.isArray(right.range)) {
    const [first, last] = right.range
    if (typeof first === 'number' && typeof last === 'number') return [[first, last]]
  }
  return []
}
