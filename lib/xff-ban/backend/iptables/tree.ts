import type { Bytes } from './match.js'

/**
 * Keys laid out over their common beginnings, so that a packet has to be searched for a few of them only. The
 * layout is a view of a sorted list: what begins alike lies together, so a node is a stretch of the list, and
 * what all of it begins with is what its first and last key have in common. The same keys always make the same
 * nodes, in whatever order they came.
 */
export interface Node {
  /** what every key beneath begins with: no packet that lacks it can hold one of them */
  prefix: Bytes
  /** the prefixes of the nodes right beneath */
  below: readonly Bytes[]
  /** the keys that are looked for in the node itself */
  keys: readonly Bytes[]
}

/** What becomes of the nodes when keys come and go; the root is not among them. */
export interface Difference {
  /** new ones, and those that no longer hold the same */
  rewritten: Node[]
  /** prefixes of those that are no more */
  gone: Bytes[]
}

export interface Tree {
  /** there even if there are no keys; the only node that may have the empty prefix */
  root: Node
  /** the others */
  nodes: Node[]
}

/** A stretch of a sorted list: from `low` on, up to but without `high`. */
interface Stretch {
  low: number
  high: number
}

/**
 * Lays out all keys.
 * @param room how many keys a node holds before it gets nodes beneath it
 */
export function layOut(sorted: readonly Bytes[], room: number): Tree {
  const nodes: Node[] = []
  const descend = (stretch: Stretch): Node => {
    const { node, inner } = nodeOf(sorted, stretch, room)
    for (const part of inner) nodes.push(descend(part))
    return node
  }
  const root = descend({ low: 0, high: sorted.length })
  return { root, nodes }
}

/** The root of all keys. */
export function rootOf(sorted: readonly Bytes[], room: number): Node {
  return nodeOf(sorted, { low: 0, high: sorted.length }, room).node
}

/**
 * The nodes other than the root that differ between two lists, found by way of the keys that came and went.
 * @param touched those keys, and those about which something else has changed: a node that holds one differs
 */
export function difference(
  before: readonly Bytes[],
  after: readonly Bytes[],
  touched: ReadonlySet<Bytes>,
  room: number,
): Difference {
  const old = new Map<Bytes, Node>()
  const now = new Map<Bytes, Node>()
  const walked = new Set<Bytes>()
  const walk = (key: Bytes) => {
    if (walked.has(key)) return
    walked.add(key)
    const nodes = [...nodesTo(before, key, room, old), ...nodesTo(after, key, room, now)]
    // where a node comes or goes, the few keys that it holds itself may move to others
    for (const node of nodes) for (const held of node.keys) walk(held)
  }
  for (const key of touched) walk(key)
  // where the root's prefix changes, the old one becomes a node, or the node with the new one becomes the root
  const [rootBefore, rootAfter] = [rootOf(before, room).prefix, rootOf(after, room).prefix]
  if (rootBefore !== rootAfter) for (const prefix of [rootBefore, rootAfter]) walk(prefix)
  return {
    rewritten: [...now.values()].filter(
      node => !isSame(node, old.get(node.prefix)) || node.keys.some(key => touched.has(key)),
    ),
    gone: [...old.keys()].filter(prefix => !now.has(prefix)),
  }
}

/** The nodes on the way from the root to a key, whether it is there or not; also put into `found`, but for the root. */
function nodesTo(sorted: readonly Bytes[], key: Bytes, room: number, found: Map<Bytes, Node>): Node[] {
  const path: Node[] = []
  let stretch: Stretch | undefined = { low: 0, high: sorted.length }
  while (stretch) {
    const { node, inner } = nodeOf(sorted, stretch, room)
    if (path.length > 0) found.set(node.prefix, node)
    path.push(node)
    stretch = inner.find(({ low, high }) => key.startsWith(sharedStart(sorted, low, high)))
  }
  return path
}

function nodeOf(
  sorted: readonly Bytes[],
  { low, high }: Stretch,
  room: number,
): { node: Node; inner: Stretch[] } {
  const prefix = sharedStart(sorted, low, high)
  if (high - low <= room) return { node: { prefix, below: [], keys: sorted.slice(low, high) }, inner: [] }
  const inner: Stretch[] = []
  const keys: Bytes[] = []
  for (let from = low; from < high; ) {
    const to = endOfGroup(sorted, from, high, prefix.length)
    if (to - from === 1) keys.push(sorted[from] as Bytes)
    else inner.push({ low: from, high: to })
    from = to
  }
  const below = inner.map(({ low, high }) => sharedStart(sorted, low, high))
  return { node: { prefix, below, keys }, inner }
}

/** Where those end that have the same byte at a place as the key at `from` (one that ends there has NaN, and stands alone). */
function endOfGroup(sorted: readonly Bytes[], from: number, high: number, place: number): number {
  const byte = (index: number) => (sorted[index] as Bytes).charCodeAt(place)
  const wanted = byte(from)
  let inside = from
  let outside = high
  while (outside - inside > 1) {
    const middle = (inside + outside) >> 1
    if (byte(middle) === wanted) inside = middle
    else outside = middle
  }
  return outside
}

/** What all keys of a stretch begin with; empty when there are none. */
function sharedStart(sorted: readonly Bytes[], low: number, high: number): Bytes {
  if (low === high) return ''
  const first = sorted[low] as Bytes
  const last = sorted[high - 1] as Bytes
  let length = 0
  while (length < first.length && first.charCodeAt(length) === last.charCodeAt(length)) length += 1
  return first.slice(0, length)
}

/** Whether a node holds the same keys and has the same nodes beneath. */
export function isSame(node: Node, other: Node | undefined): boolean {
  const same = (a: readonly Bytes[], b: readonly Bytes[]) =>
    a.length === b.length && a.every((item, i) => item === b[i])
  return other !== undefined && same(node.below, other.below) && same(node.keys, other.keys)
}
