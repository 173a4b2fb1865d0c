import {
  banValue,
  jailOfPort,
  jailOfRange,
  portKey,
  portOf,
  rangeKey,
  readBan,
  readName,
} from '../backend/bpf/contract.js'
import { findJail } from '../backend/bpf/entries.js'
import { createRow, readRows, words, writeRows } from '../backend/bpf/maps.js'
import { pinsOfThisNetwork } from '../backend/bpf/pins.js'
import { runProgram } from '../backend/run-program.js'

/** What the kernel program has counted at a port (struct counters of contract.h). */
export interface Counts {
  segments: number
  requests: number
  unattributed: number
  foreign: number
  /** rows of bans that have ended and were met */
  expired: number
}

/** Where the counts stand among the counters, in numbers of 8 bytes. */
const PLACES = { segments: 0, requests: 1, unattributed: 3, foreign: 4, expired: 10 } as const

/** Counts, each by its name. */
export function countsOf(count: (name: keyof Counts) => number): Counts {
  return {
    segments: count('segments'),
    requests: count('requests'),
    unattributed: count('unattributed'),
    foreign: count('foreign'),
    expired: count('expired'),
  }
}

/** How the program reads a port. */
export interface PortPolicy {
  port: number
  protocol: 'http' | 'uwsgi'
  /** the header or variable in which it looks for the client */
  field: string
}

/** The program in the kernel, as far as one jail is concerned. */
export interface KernelJail {
  ports: PortPolicy[]
  counts: (port: number) => Promise<Counts>
  /**
   * Adds a ban of an address that has ended long ago: it is counted when it is met, and refuses nobody, nor does it hide
   * a wider ban.
   * @returns false where the address is banned
   */
  mark: (ip: string) => Promise<boolean>
  /** Takes it away, unless a ban has taken its place. */
  unmark: (ip: string) => Promise<void>
  /** Whether other bans that have ended are still there, which count in the same way. */
  hasEnded: (except: string, sinceBoot: () => number) => Promise<boolean>
}

/** The end of a ban that has ended at the boot: no clock says otherwise. */
const LONG_AGO = 1n

/** The names of the jails in the kernel, with the ports of each: none where the program is not loaded. */
export async function jailsInKernel(): Promise<{ name: string; ports: number[] }[]> {
  const pins = pinsOfThisNetwork()
  if (!pins.exist()) return []
  const ports = [...(await readRows(pins.table('ports'))).values()]
  return [...(await readRows(pins.table('jails'))).values()].map(({ key, value }) => ({
    name: readName(value),
    ports: ports.filter(row => jailOfPort(row.value) === portOf(key)).map(row => portOf(row.key)),
  }))
}

/** @returns undefined where the program is not loaded, or has no jail of this name */
export async function openKernelJail(name: string): Promise<KernelJail | undefined> {
  const pins = pinsOfThisNetwork()
  if (!pins.exist()) return undefined
  const jail = await findJail(pins, name)
  if (jail === undefined) return undefined
  const bans = pins.table('bans')
  const rows = [...(await readRows(pins.table('ports'))).values()]
  return {
    ports: rows
      .filter(({ value }) => jailOfPort(value) === jail)
      .map(({ key, value }) => policyOf(key, value)),
    counts: port => readCounts(pins.table('stats'), port),
    mark(ip) {
      const key = rangeKey(jail, ip)
      return createRow(bans, { key, value: banValue(key, { until: LONG_AGO, hits: 0n, last: 0n }) })
    },
    async unmark(ip) {
      const key = rangeKey(jail, ip)
      const row = (await readRows(bans)).get(key.toString('hex'))
      if (row && readBan(row.value).until === LONG_AGO) await writeRows(bans, [{ key }])
    },
    async hasEnded(except, sinceBoot) {
      const own = rangeKey(jail, except).toString('hex')
      const now = BigInt(Math.trunc(sinceBoot())) * 1_000_000n
      return [...(await readRows(bans))].some(
        ([hex, { key, value }]) => hex !== own && jailOfRange(key) === jail && readBan(value).until < now,
      )
    },
  }
}

function policyOf(key: Buffer, value: Buffer): PortPolicy {
  return {
    port: portOf(key),
    protocol: value[4] === 1 ? 'uwsgi' : 'http',
    field: readName(value.subarray(8)),
  }
}

/** The counters of a port, those of all CPUs together. */
async function readCounts(pin: string, port: number): Promise<Counts> {
  const key = ['key', 'hex', ...words(portKey(port))]
  const shown = await runProgram(['bpftool', '-j', 'map', 'lookup', 'pinned', pin, ...key])
  const { values }: { values: { value: string[] }[] } = JSON.parse(shown)
  const all = values.map(({ value }) => Buffer.from(value.map(byte => Number(byte))))
  return countsOf(name =>
    all.reduce((sum, bytes) => sum + Number(bytes.readBigUInt64LE(8 * PLACES[name])), 0),
  )
}
