import { akamai } from './edges/akamai.js'
import { azureFrontDoor } from './edges/azure-front-door.js'
import { cloudflare } from './edges/cloudflare.js'
import { cloudfront } from './edges/cloudfront.js'
import type { EdgeList } from './edges/edge-list.js'
import { fastly } from './edges/fastly.js'
import { google } from './edges/google.js'
import { PRIVATE_RANGES } from './private.js'

/**
 * The edges whose addresses are public: those from which a CDN or load balancer connects to the servers behind it. They
 * are part of the package and never fetched; bunny.net's addresses change daily, and so are not among them.
 */
export const EDGES: Readonly<Record<string, EdgeList>> = {
  akamai,
  'azure-front-door': azureFrontDoor,
  cloudflare,
  cloudfront,
  fastly,
  google,
}

/** The words that stand for ranges where ranges are given. */
export const RANGE_WORDS: readonly string[] = [...Object.keys(EDGES), 'private']

/** The ranges of an edge. */
export function rangesOf({ ranges }: EdgeList): string[] {
  return ranges.trim().split(/\s+/)
}

/** The ranges that a word stands for; undefined for any other text. */
export function namedRanges(word: string): readonly string[] | undefined {
  if (word === 'private') return PRIVATE_RANGES
  const edge = Object.hasOwn(EDGES, word) ? EDGES[word] : undefined
  return edge && rangesOf(edge)
}
