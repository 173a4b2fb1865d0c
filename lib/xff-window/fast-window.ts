import code from '#assembly/xff-window'
import { copyInput, type Global, type InputBuffers, type Started, startModule } from '../fast/module.js'
import { bytes } from '../net/address.js'
import type { TallyRecord } from '../wire/record.js'
import { MINUTE_LENGTH, minuteOf } from './fast-path.js'
import type { Limits } from './window.js'

export interface Options extends Limits {
  failing: (status: number) => boolean
  /** the addresses that are not counted; undefined: all are */
  ignored: ((ip: string) => boolean) | undefined
  /** how many bits of an IPv6 address are its key */
  ipv6Prefix: number
  /** which share of requests and clients with errors makes an outage */
  outage: number
  /** is told where the machine cannot run it */
  warn: (message: string) => void
  /** is told how many failures came late, when another one did */
  onLate: (count: number) => void
  /** Reads a line of any other shape with the full parser. @param line its number within the block, from 1 */
  parseFully: (text: string, line: number) => void
  /** Writes the ban that an error has made which waited (`wait`), by its number. */
  banWaiting: (index: number, since: number) => void
}

/** What was counted since the start. */
export interface Counts {
  requests: number
  failures: number
  unattributed: number
  ignored: number
  spared: number
  bans: number
}

/** Requests as uwsgi-parse writes them, to bans as bytes: the window itself is in the module. */
export interface FastWindow {
  /** Reads a block of whole lines. @returns how many lines there were */
  read: (block: Buffer) => number
  /** Counts a failure that the full parser has read. @returns the first of those that make a ban; NaN where there is none */
  count: (ip: string, time: number) => number
  /** Has an error wait that the full parser has read. @returns its number; -1 where it did not have to, as it does not count */
  wait: (ip: string, time: number) => number
  endStretch: (tally: TallyRecord) => void
  endInput: () => void
  /** Takes what was written so far. */
  take: () => Buffer
  counts: () => Counts
  size: () => number
  evicted: () => number
  late: () => number
}

/** What assembly/index.ts exports of it. */
interface Exports extends InputBuffers {
  failing: Global
  requests: Global
  failures: Global
  unattributed: Global
  ignored: Global
  spared: Global
  bans: Global
  evicted: Global
  lateLines: Global
  output: Global
  written: Global
  hostKey: Global
  seedHash: (first: number, second: number) => void
  limit: (max: number, find: number, late: number, keys: number) => void
  beginCounting: (ipv6Prefix: number, outage: number, ignores: boolean) => void
  read: (start: number, size: number) => number
  countHosts: (time: number) => number
  keepHosts: (time: number) => number
  endStretch: (requests: number, errors: number, clients: number) => void
  endInput: () => void
  clearOutput: () => void
  size: () => number
}

/** @returns null where the machine cannot run it */
export function openFastWindow(options: Options): FastWindow | null {
  const { ignored } = options
  const counts = { requests: 0, failures: 0, unattributed: 0 }
  let full: Buffer[] = []
  let linesBefore = 0

  const textAt = (start: number, end: number) => started?.memory.toString('utf8', start, end) ?? ''
  const started: Started<Exports> | null = startModule(code, options.warn, {
    parseFully(start, end, line) {
      options.parseFully(textAt(start, end), linesBefore + line)
    },
    minuteOf: start => minuteOf(textAt(start, start + MINUTE_LENGTH)),
    flush: () => void full.push(drain()),
    isIgnored: (start, length) => Number(ignored?.(textAt(start, start + length))),
    tellLate(count) {
      options.onLate(count)
    },
    banKept(index, since) {
      options.banWaiting(index, since)
    },
    ...OF_OTHER_HOSTS,
  })
  if (!started) return null
  const { exports: module } = started
  begin(started, options)

  const drain = (): Buffer => {
    const written = Buffer.from(started.memory.subarray(module.output.value, module.written.value))
    module.clearOutput()
    return written
  }
  /** Leaves the key of an address for the module. */
  const leaveKey = (ip: string) => {
    const address = bytes(ip) ?? []
    const key = address.length === 4 ? [...MAPPED, ...address] : address
    started.memory.set(key, module.hostKey.value)
  }

  return {
    read(block) {
      linesBefore = 0
      // its memory grows with the window, so blocks are not read into it from the start
      for (const [start, size] of copyInput(started, block)) {
        linesBefore += module.read(start, size)
        counts.requests += module.requests.value
        counts.failures += module.failures.value
        counts.unattributed += module.unattributed.value
      }
      return linesBefore
    },
    count(ip, time) {
      leaveKey(ip)
      return module.countHosts(time)
    },
    wait(ip, time) {
      leaveKey(ip)
      return module.keepHosts(time)
    },
    endStretch: ({ requests, errors, clients }) => module.endStretch(requests, errors, clients),
    endInput: module.endInput,
    take() {
      const written = full.length === 0 ? drain() : Buffer.concat([...full, drain()])
      full = []
      return written
    },
    counts: () => ({
      ...counts,
      ignored: module.ignored.value,
      spared: module.spared.value,
      bans: module.bans.value,
    }),
    size: module.size,
    evicted: () => module.evicted.value,
    late: () => module.lateLines.value,
  }
}

function begin({ exports: module, memory }: Started<Exports>, options: Options): void {
  const { max, find, late, keys, ipv6Prefix, outage, ignored, failing } = options
  module.seedHash(Math.random() * 2 ** 32, Math.random() * 2 ** 32)
  module.limit(max, find, late, keys)
  module.beginCounting(ipv6Prefix, outage, ignored !== undefined)
  for (let status = 0; status < 1000; status++)
    memory[module.failing.value + status] = failing(status) ? 1 : 0
}

/** What it calls in a host that counts by itself. */
const OF_OTHER_HOSTS = {
  keepAddress: () => 0,
  keepBare: () => undefined,
  countFailure: () => undefined,
  countFailureOf: () => undefined,
  countUnattributed: () => undefined,
}

/** `::ffff:0:0/96`, in which a module has IPv4 addresses. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]
