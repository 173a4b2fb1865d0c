/*
 * Maps of nft: what is done with a packet, by its port and other things. kube-proxy has one of all services (`vmap
 * @service-ips`), and one of the pods of each (`numgen random mod 2 vmap { 0 : goto …, 1 : goto … }`).
 */

/** From what to what, as `nft -j` prints it. */
export type Element = readonly [key: unknown, value: unknown]

/** A map that a rule asks: one with a name, or one of its own. */
export interface MapLookup {
  key: unknown
  /** `@NAME`, or `{"set": [[KEY, VALUE], …]}` */
  data: unknown
}

/** The elements of maps with a name, by family, table and name. */
export type NamedMaps = ReadonlyMap<string, readonly Element[]>

export type Ports = readonly [first: number, last: number]

/** What a map says for some packets of TCP. */
export interface Answer {
  /** none: whatever the port */
  ports: readonly Ports[] | undefined
  value: unknown
}

/** Whether a value has such a member. */
export function has<K extends string>(value: unknown, member: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && member in value
}

export function keyOfMap(family: string, table: string, name: string): string {
  return `${family} ${table} ${name}`
}

/** The name of the map that is asked; undefined where it has none. */
export function nameOf({ data }: MapLookup): string | undefined {
  return typeof data === 'string' && data.startsWith('@') ? data.slice(1) : undefined
}

/** @param named the elements of the map, if it has a name */
export function answersOf(lookup: MapLookup, named: readonly Element[]): Answer[] {
  const parts = partsOf(lookup.key)
  const port = parts.findIndex(part => isField(part, 'dport'))
  const protocol = parts.findIndex(
    part => has(part, 'meta') && has(part.meta, 'key') && part.meta.key === 'l4proto',
  )
  const own =
    has(lookup.data, 'set') && Array.isArray(lookup.data.set) ? lookup.data.set.filter(isElement) : named
  return own.flatMap(([key, value]) => {
    // an element with a comment, or with a time
    const found = partsOf(has(key, 'elem') && has(key.elem, 'val') ? key.elem.val : key)
    if (protocol >= 0 && ![6, 'tcp'].some(name => name === found[protocol])) return []
    return [{ ports: port < 0 ? undefined : portsOf(found[port]), value }]
  })
}

/** `80`, `{"range":[80,90]}`, `{"set":[80,{"range":[90,95]}]}`. */
export function portsOf(right: unknown): Ports[] {
  if (typeof right === 'number') return [[right, right]]
  if (has(right, 'set') && Array.isArray(right.set)) return right.set.flatMap(portsOf)
  if (has(right, 'range') && Array.isArray(right.range)) {
    const [first, last] = right.range
    if (typeof first === 'number' && typeof last === 'number') return [[first, last]]
  }
  return []
}

/** Whether an expression is a field of the packet, and not of one of UDP. */
export function isField(expression: unknown, field: string): boolean {
  return (
    has(expression, 'payload') &&
    has(expression.payload, 'field') &&
    expression.payload.field === field &&
    !(has(expression.payload, 'protocol') && expression.payload.protocol === 'udp')
  )
}

/** What is joined by dots. */
export function partsOf(value: unknown): readonly unknown[] {
  return has(value, 'concat') && Array.isArray(value.concat) ? value.concat : [value]
}

function isElement(value: unknown): value is Element {
  return Array.isArray(value) && value.length === 2
}
