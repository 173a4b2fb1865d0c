import { createHash } from 'node:crypto'
import { formatInstant } from '../../../wire/instant.js'
import type { Bytes, Match } from './match.js'
import type { Node } from './tree.js'

/** A chain of ours with its rules as iptables-restore reads them, without the `-A NAME`. */
export interface Chain {
  name: string
  rules: readonly string[]
}

/** What the rules of a key hold. */
export interface KeyRules {
  patterns: readonly Bytes[]
  /** when the ban ends, in milliseconds since 1970 */
  until: number
}

export interface WriterOptions {
  /** the first chain's name; those of the others begin with it and a slash, which no jail's name may hold */
  name: string
  match: Match
  /** a match that the target insists on, as `-p tcp`, or empty */
  only: string
  /** what becomes of the packets, as `DROP` */
  target: string
}

/** The last second that `-m time` can hold (32 bits). */
const MAX_SECOND = 2 ** 31 - 1
/** The least length of the headers of IP and TCP: no pattern is looked for in them. */
const HEADER_BYTES = 40

/** Writes the nodes of a tree as chains. */
export function createWriter(
  { name, match, only, target }: WriterOptions,
  rulesOf: (key: Bytes) => KeyRules | undefined,
) {
  const search = (pattern: Bytes) => searchFor(pattern, match.ignoresCase)
  /** A rule for each of the key's patterns, or for the one given; the kernel ends it with the ban. */
  const refuse = (key: Bytes, which?: number): string[] => {
    const found = rulesOf(key)
    if (!found) return []
    const { patterns, until } = found
    const stop = formatInstant(Math.min(Math.floor(until / 1000), MAX_SECOND) * 1000).slice(0, 19)
    const chosen = which === undefined ? patterns : patterns.slice(which, which + 1)
    // the search first: it fails for all but the banned, so the clock is hardly ever asked
    return chosen.map(pattern => `${only}${search(pattern)} -m time --datestop ${stop} -j ${target}`)
  }
  const chainOf = (prefix: Bytes) => nameOf(name, prefix)
  // no other node has the length 0
  const gates = match.leads.map((_, i) => `${name}/00${i}`)

  return {
    chainOf,
    /** the names that `writeRoot` may use beside the first chain's */
    gates,

    /** A packet goes on with the next rule when a chain has nothing on it: it may hold several addresses. */
    write: ({ prefix, below, keys }: Node): Chain => ({
      name: chainOf(prefix),
      rules: [
        ...below.map(prefix => `${search(prefix)} -j ${chainOf(prefix)}`),
        ...keys.flatMap(key => refuse(key)),
      ],
    }),

    /**
     * The root is told apart by what stands before the keys, which most packets that are no requests lack. That
     * takes a chain for each lead, all of them over the same nodes.
     */
    writeRoot({ prefix, below, keys }: Node): Chain[] {
      if (below.length === 0) return [{ name, rules: keys.flatMap(key => refuse(key)) }]
      const own: string[] = []
      const written = match.leads.flatMap((lead, i): Chain[] => {
        const rules = [
          ...below.map(prefix => `${search(lead + prefix)} -j ${chainOf(prefix)}`),
          ...keys.flatMap(key => refuse(key, i)),
        ]
        const beginning = lead + prefix
        if (beginning === '') {
          own.push(...rules)
          return []
        }
        const gate = gates[i] as string
        own.push(`${search(beginning)} -j ${gate}`)
        return [{ name: gate, rules }]
      })
      return [{ name, rules: own }, ...written]
    },
  }
}

/**
 * kmp, for bm overlooks a match that spans two fragments of a packet. Hex throughout: no byte of a pattern can
 * mean anything to iptables-restore.
 */
function searchFor(bytes: Bytes, ignoresCase: boolean): string {
  const hex = Buffer.from(bytes, 'latin1').toString('hex')
  return `-m string --algo kmp ${ignoresCase ? '--icase ' : ''}--from ${HEADER_BYTES} --hex-string |${hex}|`
}

/** How many characters a jail's name may have: the kernel's 28 for a chain's, less what `nameOf` adds. */
const MAX_NAME = 16
const BUILT_IN = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']

/** @throws RangeError when a jail of that name cannot have chains */
export function checkName(name: string): void {
  if (name.length > MAX_NAME) {
    throw new RangeError(
      `--name: expected up to ${MAX_NAME} characters with --port, got ${JSON.stringify(name)}`,
    )
  }
  if (BUILT_IN.includes(name)) {
    throw new RangeError(`--name: expected a chain of our own, got ${JSON.stringify(name)}`)
  }
}

/**
 * The chain of a prefix: its length, so that what is longer sorts behind (see `restoreScript`), and a digest of
 * 54 bits. Two prefixes of one length and one digest would take a botnet that chooses its addresses for it; it
 * would gain that some of its own are served.
 */
function nameOf(name: string, prefix: Bytes): string {
  const length = prefix.length.toString(16).padStart(2, '0')
  const digest = createHash('sha256').update(prefix, 'latin1').digest('base64url').slice(0, 9)
  return `${name}/${length}${digest}`
}
