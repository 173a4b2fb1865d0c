import { PRIVATE_RANGES } from '../../net/private.js'
import type { BackendContext } from '../options-backends.js'
import { givenOnly, PACKET_DEFAULTS, type PacketBackend, type PacketOptions } from '../options-packets.js'
import { type Backend, BackendError } from './backend.js'
import { swallowsIpv4 } from './bpf/contract.js'
import { CannotLoad } from './bpf/loadable.js'
import { type Options as BpfOptions, bpfBackend } from './bpf.js'
import { inFoundChain } from './found-chain.js'
import { matchHint } from './hints.js'
import { compileMatch, type Match, openEndsOf } from './iptables/match.js'
import { type Options as IptablesOptions, iptablesBackend } from './iptables.js'
import { natOf, type Translations } from './nat/translations.js'
import { isUnredirected, reachOf, warningsOfSilence } from './reach.js'

/** The options of `--port`. */
type Given = PacketOptions & { port: readonly number[] }

/**
 * The backend for `--port`: bpf where the kernel takes it, else iptables; but never one that does not understand what
 * was asked for. Which one it is is known when it opens, and warned of.
 * @throws RangeError that names the options
 */
export function packetBackend(given: Given, context: BackendContext): Backend {
  const [onlyBpf, onlyIptables] = [givenOnly(given, 'bpf'), givenOnly(given, 'iptables')]
  if (given.packets === 'bpf') reject(onlyIptables.all, '--packets bpf')
  if (given.packets === 'iptables') reject(onlyBpf.all, '--packets iptables')
  const bpf = bpfBackend(bpfOptions(given, context))
  const rules = iptablesOptions(given, context)
  const translations = natOf(given.port, context.now)
  // the chain is only found where nobody has said it, and for what can be seen to listen
  const isFound = given.chain === undefined && rules.protocol === 'tcp'
  const iptables = isFound ? inFoundChain(rules, translations) : iptablesBackend(rules)
  const opened = (backend: Backend, words: string) =>
    withAnnouncement(
      backend,
      backend === bpf ? iptables : bpf,
      { words, warnings: () => warningsOf(given, backend === bpf ? 'bpf' : 'iptables', translations) },
      context.warn,
    )
  const loads = 'the kernel takes the program'
  if (given.packets === 'bpf') return opened(bpf, `bans by bpf: --packets says so, and ${loads}`)
  if (given.packets === 'iptables') return opened(iptables, 'bans by iptables: --packets says so')
  // options of one side alone ask for it; those of both sides leave the choice to the kernel
  const [bpfWords, iptablesWords] = [onlyBpf.choices.join(' and '), onlyIptables.choices.join(' and ')]
  if (iptablesWords && !bpfWords) return opened(iptables, `bans by iptables: only it knows ${iptablesWords}`)
  if (bpfWords && !iptablesWords) return opened(bpf, `bans by bpf: ${loads}, and only it knows ${bpfWords}`)
  const fallBack = (error: CannotLoad) =>
    opened(iptables, `bans by iptables: bpf cannot be had: ${error.message}`)
  return firstThatLoads(opened(bpf, `bans by bpf: ${loads}`), fallBack)
}

function reject(options: readonly string[], other: string): void {
  if (options.length > 0) throw new RangeError(`${options.join(' and ')}: not with ${other}`)
}

/** @throws RangeError */
function bpfOptions(given: Given, context: BackendContext): BpfOptions {
  const { name, object, now, holesIn, whileFree, warn } = context
  const { header, uwsgi, hops, dev: devices, answer = PACKET_DEFAULTS.answer } = given
  const answerText = given['answer-text']
  const trust = given.trust.flat()
  if (uwsgi !== undefined && header !== undefined)
    throw new RangeError('--header and --uwsgi exclude each other')
  if (hops !== undefined && trust.length > 0) throw new RangeError('--hops and --trust exclude each other')
  if (answerText !== undefined && answer !== '403' && answer !== '429')
    throw new RangeError(`--answer-text: expected --answer 403 or 429 with it, got ${answer}`)
  const wide = trust.find(swallowsIpv4)
  if (wide !== undefined) {
    throw new RangeError(
      `--trust: expected a range that does not take in all of IPv4, got ${JSON.stringify(wide)}`,
    )
  }
  return {
    ...{ name, ports: given.port, answer, answerText, object, now, holesIn, whileFree, warn, devices },
    hops: hops ?? 0,
    protocol: uwsgi === undefined ? 'http' : 'uwsgi',
    field: uwsgi ?? header ?? PACKET_DEFAULTS.header,
    trust: trust.length > 0 ? trust : PRIVATE_RANGES,
    translations: natOf(given.port, now),
  }
}

/** @throws RangeError */
function iptablesOptions(given: Given, { name, warn }: BackendContext): IptablesOptions {
  const { mapped, appended, block } = given
  const { chain = PACKET_DEFAULTS.chain, protocol = PACKET_DEFAULTS.protocol } = given
  const { match: text = PACKET_DEFAULTS.match, mark = PACKET_DEFAULTS.mark } = given
  const hint = matchHint(text, mapped, appended)
  return {
    name,
    ports: given.port,
    chain,
    protocol,
    mark,
    match: matchOf(text, mapped, appended),
    hint,
    block,
    warn,
  }
}

function matchOf(text: string, mapped: boolean, appended: boolean): Match {
  try {
    return compileMatch(text, mapped, appended)
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`--match: ${error.message}`) : error
  }
}

/** What a backend will not do as one may think, for people to read. */
async function warningsOf(
  given: Given,
  backend: PacketBackend,
  translations: () => Promise<Translations>,
): Promise<string[]> {
  const {
    port: ports,
    hits,
    match,
    protocol = PACKET_DEFAULTS.protocol,
    chain = PACKET_DEFAULTS.chain,
  } = given
  const isRules = backend === 'iptables'
  // what is routed through has no listener here
  const isSeen = !isRules || (protocol === 'tcp' && chain === 'INPUT')
  const reaches = isSeen ? await reachOf(ports, await translations()) : []
  return [
    ...(isRules && hits ? ['--hits: iptables does not count them'] : []),
    ...(isRules && match !== undefined ? openEndsOf(match) : []),
    ...warningsOfSilence(isRules ? reaches : reaches.filter(isUnredirected), ports),
  ]
}

/** When it first opens, says so, and takes away what an earlier run has left in the other backend. */
function withAnnouncement(
  backend: Backend,
  other: Backend,
  { words, warnings }: { words: string; warnings: () => Promise<readonly string[]> },
  warn: (message: string) => void,
): Backend {
  let opened = false
  return {
    ...backend,
    async open(bans) {
      await backend.open(bans)
      if (opened) return
      opened = true
      // first of all, so that what is said holds from then on
      const [found, left] = await Promise.all([
        warnings(),
        other.flush().then(
          () => [],
          error => [`${other.name}: old bans may still be there: ${error.message}`],
        ),
      ])
      for (const warning of [words, ...found, ...left]) warn(warning)
    },
  }
}

/** Decides when it opens. */
function firstThatLoads(bpf: Backend, fallBack: (error: CannotLoad) => Backend): Backend {
  let chosen: Backend | undefined
  let hasOpened = false
  return {
    ...bpf,
    name: 'bpf or iptables',
    way: () => (chosen ?? bpf).name,

    async open(bans) {
      try {
        await bpf.open(bans)
        chosen = bpf
      } catch (error) {
        if (!(error instanceof CannotLoad)) throw error
        if (chosen === bpf || chosen === undefined) chosen = fallBack(error)
        await chosen.open(bans).catch(other => {
          throw hasOpened || !(other instanceof BackendError) ? other : neither(error, other)
        })
      }
      hasOpened = true
    },

    refuses: ip => (chosen ?? bpf).refuses(ip),
    makesHoles: () => (chosen ?? bpf).makesHoles?.() === true,
    apply: async changes => chosen?.apply(changes),
    holesChanged: async () => chosen?.holesChanged?.(),
    reconcile: async () => chosen?.reconcile(),
    alarmed: () => chosen?.alarmed?.() === true,
    watch: onEvent => bpf.watch?.(() => chosen === bpf && onEvent()) ?? (() => {}),
    flush: async () => chosen?.flush(),
    hits: async () => chosen?.hits?.(),
  }
}

/** There are two ways of banning at a port, and both are closed. */
function neither(bpf: Error, iptables: Error): BackendError {
  return new BackendError(
    `neither way of banning at --port can be had. bpf: ${bpf.message}. iptables: ${iptables.message}. ` +
      'Debian has what they need in the packages bpftool and iproute2, or in iptables and nftables',
    { cause: iptables },
  )
}
