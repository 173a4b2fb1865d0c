import { isDeepStrictEqual } from 'node:util'
import { type Backend, BackendError } from './backend.js'
import { iptablesBackend, type Options } from './iptables.js'
import type { Translations } from './nat/translations.js'
import { blindSpotsOfForward, isForwarded, type Reach, reachOf } from './reach.js'
import { runProgram } from './run-program.js'

/** The chains that packets pass first; Docker's own for rules of others is in `filter` alone. */
type Chain = 'INPUT' | 'FORWARD' | 'DOCKER-USER'

/** Where the packets to the ports pass, and to which ports when they do. */
interface Way {
  chain: Chain
  ports: readonly number[]
}

/**
 * The iptables backend in the chain that the packets to the ports really pass. It is found when it opens: INPUT for an app
 * of this host, FORWARD for one in a container, or DOCKER-USER where the rules are in the table that Docker orders.
 */
export function inFoundChain(
  options: Omit<Options, 'chain'>,
  translations: () => Promise<Translations>,
): Backend {
  const { ports, warn } = options
  const inChain = (chain: Chain, own = ports) => iptablesBackend({ ...options, chain, ports: own })
  let backend = inChain('INPUT')
  /** undefined: not yet opened there */
  let current: Way | undefined

  const find = async (): Promise<{ way: Way; reaches: Reach[] }> => {
    const reaches = await reachOf(ports, await translations())
    return { way: wayOf(reaches, options.block !== undefined && (await hasDockerUser())), reaches }
  }
  const choose = async (): Promise<Way> => {
    const { way, reaches } = await find()
    backend = inChain(way.chain, way.ports)
    for (const warning of warningsOf(way, reaches)) warn(warning)
    return way
  }

  return {
    ...backend,
    async open(bans) {
      const way = current ?? (await choose())
      await backend.open(bans)
      current = way
    },
    apply: changes => backend.apply(changes),
    async reconcile() {
      const { way } = await find()
      if (current && !isDeepStrictEqual(way, current)) {
        current = undefined
        throw new BackendError(`packets to port ${ports.join(' and ')} pass ${way.chain} now`)
      }
      return await backend.reconcile()
    },
    // whatever chain they are in
    flush: () => backend.flush(),
  }
}

function wayOf(reaches: readonly Reach[], isOrderedByDocker: boolean): Way {
  const forwarded = reaches.filter(isForwarded)
  if (forwarded.length === 0 || forwarded.length < reaches.length)
    return { chain: 'INPUT', ports: reaches.map(({ port }) => port) }
  const ports = new Set(forwarded.flatMap(({ port, targets }) => [port, ...targets.map(({ port }) => port)]))
  return { chain: isOrderedByDocker ? 'DOCKER-USER' : 'FORWARD', ports: [...ports] }
}

function warningsOf({ chain, ports }: Way, reaches: readonly Reach[]): string[] {
  const forwarded = reaches.filter(isForwarded).map(({ port }) => port)
  if (forwarded.length === 0) return []
  const said = forwarded.join(' and ')
  if (chain === 'INPUT') {
    return [
      `packets to port ${said} go on to a container and pass FORWARD, those to the others INPUT: another xff-ban with a ` +
        `--name of its own and --port ${forwarded.join(' --port ')} for them`,
    ]
  }
  return [
    `packets to port ${said} go on to a container: rules in ${chain}, port ${ports.join(' and ')}`,
    ...blindSpotsOfForward(),
  ]
}

async function hasDockerUser(): Promise<boolean> {
  return await runProgram(['iptables', '--wait', '-S', 'DOCKER-USER']).then(
    () => true,
    () => false,
  )
}
