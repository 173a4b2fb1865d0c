import type { Listener } from './listeners.js'
import { canRelease, markTarget } from './nft-script.js'

/** How packets of banned clients are dealt with. */
export interface Way {
  table: 'mangle' | 'filter'
  /** what the target insists on, as `-p tcp `, or empty */
  only: string
  /** the words of the target */
  target: string
  /** whether nft's table has to stand behind ours, see release.ts */
  release: boolean
}

export interface Wish {
  /** the words of the target as given by hand; undefined: the way that hurts the app least */
  block: readonly string[] | undefined
  chain: string
  protocol: string
  /** see release.ts */
  mark: number
}

const RESET = 'REJECT --reject-with tcp-reset'

/** The ways to try, the best first. */
export function waysFor({ block, chain, protocol, mark }: Wish): readonly Way[] {
  const filter = (target: string): Way => ({
    table: 'filter',
    only: `-p ${protocol} `,
    target,
    release: false,
  })
  if (block) return [filter(block.join(' '))]
  // the others have no connections that could stay half-open
  if (protocol !== 'tcp') return [filter('REJECT')]
  // only INPUT and FORWARD have a twin in the mangle table
  if (!canRelease(chain)) return [filter(RESET)]
  return [{ table: 'mangle', only: '', target: markTarget(mark), release: true }, filter(RESET)]
}

/** A listen queue as long as that has room for what a banned client leaves in it (1024 / 7 s = 146 a second). */
const ENOUGH = 1024

/**
 * What a way does to others, for people to read.
 * @param listeners who waits for connections on this host
 */
export function warningsOf(
  way: Way,
  { protocol, ports }: { protocol: string; ports: readonly number[] },
  listeners: readonly Listener[],
): string[] {
  if (way.release || protocol !== 'tcp') return []
  if (way.target !== RESET) {
    return [
      `--block ${JSON.stringify(way.target)}: the front end keeps trying and takes up workers and the listen ` +
        'queue: a banned client who goes on keeps others from being served; without --block that is spared',
    ]
  }
  return listeners
    .filter(({ port, backlog }) => ports.includes(port) && backlog < ENOUGH)
    .map(
      ({ port, backlog }) =>
        `port ${port} has a listen queue of ${backlog}: refused connections stay in it half-open for seconds, ` +
        `and a banned client who goes on fills it; raise it to ${ENOUGH} or more ` +
        '(uWSGI: listen = 4096; kernel: net.core.somaxconn)',
    )
}
