import { type Bytes, bytes } from '../../../net/address.js'
import { formatPrefix, prefixOf } from '../../../net/prefix.js'

/*
 * contract.h in TypeScript: what stands in the tables of the kernel program, byte by byte. Numbers are little-endian,
 * as are the machines that the program is built for.
 */

export type Protocol = 'http' | 'uwsgi'
export type Answer = 'count' | '403' | '429' | 'reset'

/** In the order of `enum answer`. */
const ANSWERS: readonly Answer[] = ['count', '403', '429', 'reset']

export const NAME_SIZE = 64
export const MAX_HOPS = 8
export const COUNTERS_SIZE = 96
/** Of IPv4 as the kernel program sees it: `::ffff:0:0/96`. */
const MAPPED: Bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

/** A range of one jail: the key of `bans` and `trust`. */
export function rangeKey(jail: number, range: string): Buffer {
  const { network, length } = prefixOf(range)
  const mapped = network.length === 4 ? MAPPED : []
  return Buffer.concat([numbers(32 + mapped.length * 8 + length, jail), Buffer.from([...mapped, ...network])])
}

/** The address or prefix of a key, as records write it. */
export function rangeOf(key: Buffer): string {
  const address = [...key.subarray(8)]
  const length = key.readUInt32LE(0) - 32
  const isMapped = length >= 96 && MAPPED.every((byte, i) => byte === address[i])
  return formatPrefix(
    isMapped ? { network: address.slice(12), length: length - 96 } : { network: address, length },
  )
}

export function jailOfRange(key: Buffer): number {
  return key.readUInt32LE(4)
}

/** Whether a range, seen as the kernel sees it, takes in all of IPv4 although it is written as IPv6. */
export function swallowsIpv4(range: string): boolean {
  const { network, length } = prefixOf(range)
  return network.length === 16 && length < 96 && network.every((byte, i) => byte === maskedByte(i, length))
}

function maskedByte(i: number, length: number): number {
  return (MAPPED[i] ?? 0) & (0xff00 >> Math.min(8, Math.max(0, length - i * 8))) & 0xff
}

export const TRUSTED = numbers(1)

/** A ban: when it ends, and how often it was hit. */
export interface BanRow {
  /** nanoseconds since boot */
  until: bigint
  hits: bigint
  /** of the last hit, nanoseconds since boot; 0 for none */
  last: bigint
}

/** The end of a range that is not banned though one around it is. */
export const HOLE_NS = 0n

/** @param key the range that is banned, or a hole */
export function banValue(key: Buffer, { until, hits, last }: BanRow): Buffer {
  const value = Buffer.alloc(32)
  value.writeBigUInt64LE(until, 0)
  // from an entry without bits the kernel does not go on to the wider one
  value.writeUInt32LE(until === HOLE_NS ? 0 : key.readUInt32LE(0) - 32, 8)
  value.writeBigUInt64LE(hits, 16)
  value.writeBigUInt64LE(last, 24)
  return value
}

export function readBan(value: Buffer): BanRow {
  return {
    until: value.readBigUInt64LE(0),
    hits: value.readBigUInt64LE(16),
    last: value.readBigUInt64LE(24),
  }
}

/** How the requests to a port are read and answered. */
export interface Policy {
  protocol: Protocol
  /** the header, or the uwsgi variable */
  field: string
  /** which hop from the right is the client; 0: the nearest that is not trusted */
  hops: number
  answer: Answer
  /** the body of a 403 or 429 in place of the built-in one */
  answerText?: Buffer | undefined
}

export function portKey(port: number): Buffer {
  return numbers(port)
}

/**
 * @param isTranslated whether NAT leads from the port to rows of `targets`
 */
export function portValue(
  jail: number,
  { protocol, field, hops, answer }: Policy,
  isTranslated = false,
): Buffer {
  const name = protocol === 'http' ? field.toLowerCase().replaceAll('_', '-') : field
  const head = [protocol === 'uwsgi' ? 1 : 0, hops, ANSWERS.indexOf(answer), name.length]
  return Buffer.concat([numbers(jail), Buffer.from(head), nameValue(name), numbers(isTranslated ? 1 : 0)])
}

/** Where NAT leads from one of the ports: the key of `targets`; its value is the key of that port. */
export function targetKey(address: string, port: number): Buffer {
  return Buffer.concat([addressBytes(address), numbers(port)])
}

export function deviceKey(index: number): Buffer {
  return numbers(index)
}

/** What the kernel program has to know of a device. */
export interface DeviceRow {
  /** the network namespace at its other end, as this one numbers them */
  netns?: number | undefined
  /** whether all that leaves by it is looked at */
  isLeaving: boolean
  handsOn: boolean
}

export function deviceValue({ netns = -1, isLeaving, handsOn }: DeviceRow): Buffer {
  return numbers(netns >>> 0, (isLeaving ? 1 : 0) + (handsOn ? 2 : 0))
}

export function portOf(key: Buffer): number {
  return key.readUInt32LE(0)
}

export function jailOfPort(value: Buffer): number {
  return value.readUInt32LE(0)
}

export function jailKey(jail: number): Buffer {
  return numbers(jail)
}

/** A name and zeros: the value of `jails`. */
export function nameValue(name: string): Buffer {
  const value = Buffer.alloc(NAME_SIZE)
  value.write(name, 'latin1')
  return value
}

export function readName(value: Buffer): string {
  return value.subarray(0, value.indexOf(0)).toString('latin1')
}

/** The address as 16 bytes in hex, as the kernel program has it; for tests. */
export function hexOf(address: string): string {
  return addressBytes(address).toString('hex')
}

/** An address as 16 bytes. */
function addressBytes(address: string): Buffer {
  const parsed = bytes(address) as Bytes
  return Buffer.from([...(parsed.length === 4 ? MAPPED : []), ...parsed])
}

function numbers(...values: number[]): Buffer {
  const written = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) written.writeUInt32LE(value, 4 * i)
  return written
}
