import { EDGES, rangesOf } from './named-ranges.js'
import { parsePrefix } from './prefix.js'
import { type Entry, indexRanges, type RangeIndex } from './range-index.js'

/** Each range of a known edge, with the name of the edge. */
export function edgeRanges(): Entry<string>[] {
  return Object.entries(EDGES).flatMap(([name, edge]) =>
    rangesOf(edge).flatMap(range => {
      const prefix = parsePrefix(range)
      return prefix ? [{ prefix, value: name }] : []
    }),
  )
}

let index: RangeIndex<string> | undefined

/** The name of the edge to which an address belongs; undefined where it is none that is known. */
export function knownEdge(address: string): string | undefined {
  const target = parsePrefix(address)
  if (!target || target.length < 8) return undefined
  index ??= indexRanges(edgeRanges())
  return index.holding(target)?.value
}
