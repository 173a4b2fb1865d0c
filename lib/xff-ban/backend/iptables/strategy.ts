import type { Listener } from './listeners.js'
import { canRelease, markTarget } from './nft-script.js'

/** How packets of banned clients are dealt with. */
export interface Strategy {
  table: 'mangle' | 'filter'
  /** what the target insists on, as `-p tcp `, or empty */
  only: string
  /** the words of the target */
  target: string
  /** whether it takes a table of nft behind ours, see nft-script.ts */
  release: boolean
}

export interface StrategyOptions {
  /** the words of the target as given by the user; undefined: the strategy that harms the app least */
  block: readonly string[] | undefined
  chain: string
  protocol: string
  /** see nft-script.ts */
  mark: number
}

const RESET = 'REJECT --reject-with tcp-reset'

/** The strategies to try, the best first. */
export function strategiesFor(options: StrategyOptions): readonly [Strategy, ...Strategy[]] {
  const { block, chain, protocol, mark } = options
  const filter = (target: string): Strategy => ({
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

/** A listen queue of this length has room for what a banned client leaves in it (1024 / 7 s = 146 a second). */
const MIN_BACKLOG = 1024

/**
 * The harm that a strategy does to others, for people to read.
 * @param listeners the sockets that listen on this host
 */
export function warningsOf(
  strategy: Strategy,
  { protocol, ports }: { protocol: string; ports: readonly number[] },
  listeners: readonly Listener[],
): string[] {
  if (strategy.release || protocol !== 'tcp') return []
  if (strategy.target !== RESET) {
    return [
      `--block ${JSON.stringify(strategy.target)}: the front end keeps trying and takes up workers and the listen ` +
        'queue: a banned client who goes on keeps others from being served; without --block that is spared',
    ]
  }
  return listeners
    .filter(({ port, backlog }) => ports.includes(port) && backlog < MIN_BACKLOG)
    .map(
      ({ port, backlog }) =>
        `port ${port} has a listen queue of ${backlog}: refused connections stay in it half-open for seconds, ` +
        `and a banned client who goes on fills it; raise it to ${MIN_BACKLOG} or more ` +
        '(uWSGI: listen = 4096; kernel: net.core.somaxconn)',
    )
}
