import { PRIVATE_RANGES } from '../../net/private.js'
import type { Backend } from './backend.js'
import { swallowsIpv4 } from './bpf/contract.js'
import { CannotLoad } from './bpf/loadable.js'
import { type Options as BpfOptions, bpfBackend } from './bpf.js'
import { type Options as IptablesOptions, iptablesBackend } from './iptables.js'

/** How packets to a port are policed. */
export interface PacketWishes {
  packets: 'auto' | 'bpf' | 'iptables'
  /** the options given that only one of the two understands, as `--dev` */
  onlyBpf: readonly string[]
  onlyIptables: readonly string[]
  /** only what is said */
  dev: readonly string[]
  hops: number | undefined
  trust: readonly string[]
  /** the header */
  field: string
  /** instead of it, a variable of the uwsgi protocol */
  uwsgi: string | undefined
  answer: BpfOptions['answer']
  hits: boolean
  /** the built kernel program */
  object: string
  now: () => number
  warn: (message: string) => void
}

/**
 * The backend for `--port`: bpf where the kernel takes it, else iptables; but never one that does not understand what
 * was asked for. Which it is shows when it opens, and is said.
 * @throws RangeError that names the options
 */
export function packetBackend(wishes: PacketWishes, iptables: IptablesOptions): Backend {
  const { packets, onlyBpf, onlyIptables } = wishes
  reject(packets === 'bpf', onlyIptables, '--packets bpf')
  reject(packets === 'iptables', wishes.hits ? [...onlyBpf, '--hits'] : onlyBpf, '--packets iptables')
  const bpf = bpfBackend(bpfOptions(wishes, iptables))
  const why = `${packets === 'bpf' ? '--packets says so, and ' : ''}the kernel takes the program`
  if (packets === 'bpf') return announced(bpf, `bans by bpf: ${why}`, wishes)
  const filter = iptablesBackend(iptables)
  if (packets === 'iptables') return announced(filter, 'bans by iptables: --packets says so', wishes)
  // options of one side alone ask for it; those of both sides leave the choice to the kernel
  if (onlyIptables.length > 0 && onlyBpf.length === 0) {
    return announced(filter, `bans by iptables: only it knows ${onlyIptables.join(' and ')}`, wishes)
  }
  if (onlyBpf.length > 0 && onlyIptables.length === 0) {
    return announced(bpf, `bans by bpf: ${why}, and only it knows ${onlyBpf.join(' and ')}`, wishes)
  }
  return firstThatLoads(announced(bpf, `bans by bpf: ${why}`, wishes), filter, wishes)
}

function reject(chosen: boolean, options: readonly string[], other: string): void {
  if (chosen && options.length > 0) throw new RangeError(`${options.join(' and ')}: not with ${other}`)
}

/** @throws RangeError */
function bpfOptions(wishes: PacketWishes, { name, ports }: IptablesOptions): BpfOptions {
  const { field, uwsgi, hops, trust, dev, answer, object, now } = wishes
  if (uwsgi !== undefined && wishes.onlyBpf.includes('--header'))
    throw new RangeError('--header and --uwsgi exclude each other')
  if (hops !== undefined && trust.length > 0) throw new RangeError('--hops and --trust exclude each other')
  const wide = trust.find(swallowsIpv4)
  if (wide !== undefined) {
    throw new RangeError(
      `--trust: expected a range that does not take in all of IPv4, got ${JSON.stringify(wide)}`,
    )
  }
  return {
    ...{ name, ports, answer, object, now, devices: dev, hops: hops ?? 0 },
    protocol: uwsgi === undefined ? 'http' : 'uwsgi',
    field: uwsgi ?? field,
    trust: trust.length > 0 ? trust : PRIVATE_RANGES,
  }
}

/** Says so when it first opens. */
function announced(backend: Backend, words: string, { warn, hits }: PacketWishes): Backend {
  let opened = false
  return {
    ...backend,
    async open(bans) {
      await backend.open(bans)
      if (opened) return
      opened = true
      warn(words)
      if (hits && !backend.hits) warn('--hits: iptables does not count them')
    },
  }
}

/** Decides when it opens; what it is not by then, it takes away, as an earlier run may have been that. */
function firstThatLoads(bpf: Backend, filter: Backend, wishes: PacketWishes): Backend {
  let chosen: Backend | undefined
  return {
    ...bpf,
    name: 'bpf or iptables',

    async open(bans) {
      try {
        await bpf.open(bans)
        if (chosen !== bpf) await filter.flush()
        chosen = bpf
      } catch (error) {
        if (!(error instanceof CannotLoad)) throw error
        const words = `bans by iptables: bpf cannot be had: ${error.message}`
        if (chosen === bpf || chosen === undefined) chosen = announced(filter, words, wishes)
        await chosen.open(bans)
      }
    },

    refuses: ip => (chosen ?? bpf).refuses(ip),
    apply: async changes => chosen?.apply(changes),
    verify: async () => chosen?.verify(),
    alarmed: () => chosen?.alarmed?.() === true,

    async flush() {
      if (chosen) return chosen.flush()
      await bpf.flush().catch(error => wishes.warn(`bpf: ${error.message}`))
      await filter.flush()
    },

    hits: async () => (await chosen?.hits?.()) ?? new Map(),
  }
}
