import { type Bytes, bytes } from '../address.js'
import { masked, type Prefix, parsePrefix } from '../prefix.js'
import { createRows, type Piece, type Rows, type Words, wordsOf } from './rows.js'

/*
 * Which network an address belongs to, by a table in one of two published formats, which are told apart line by line:
 *
 *   - that of https://iptoasn.com (ip2asn-v4.tsv, -v6, -combined): first and last address, number, country and name with
 *     tabs between; number 0 is what is not routed;
 *   - that of pyasn (https://github.com/hadiasghari/pyasn, `;` begins a comment) and of https://bgp.tools/table.txt:
 *     prefix and number with blanks or tabs between; a name may follow.
 */

/** An autonomous system. */
export interface Network {
  asn: number
  /** as the table has it; '' where it has none */
  name: string
}

/** A table of networks. */
export interface Networks {
  /** The network of an address, or of the first address of a prefix. */
  of: (address: Bytes) => Network | undefined
  /** The same with the widest prefix around the address that holds nothing of another network, of so many bits at least. */
  around: (address: Bytes, least: number) => { network: Network; prefix: Prefix } | undefined
  /** how many ranges it has */
  size: number
}

/** A line that is none of a table, from 1. */
export interface BadRow {
  line: number
  text: string
}

export interface ReadNetworks {
  networks: Networks
  /** the first line that could not be read, and how many there were */
  firstBad: BadRow | undefined
  bad: number
}

export const MAX_ROWS = 4_000_000
const MAX_LINE_BYTES = 1024
const MAX_NAME_LENGTH = 80
const NEWLINE = 0x0a

/** Reads a table, in memory of about its own size. @throws RangeError for one of more than MAX_ROWS lines */
export function readNetworks(table: Buffer): ReadNetworks {
  const lines = countLines(table)
  if (lines > MAX_ROWS) throw new RangeError(`expected ${MAX_ROWS} lines at most, got ${lines}`)
  const names = new Map<number, string>()
  // how many are of which family is not known yet; what is not used of an array takes no memory
  const [ipv4, ipv6] = [createRows(1, lines), createRows(4, lines)]
  let firstBad: BadRow | undefined
  let bad = 0
  for (let [line, start] = [1, 0]; start < table.length; line++) {
    const newline = table.indexOf(NEWLINE, start)
    const end = newline < 0 ? table.length : newline
    const isRead =
      end - start <= MAX_LINE_BYTES && readRow(table.toString('utf8', start, end), ipv4, ipv6, names)
    if (!isRead) {
      bad += 1
      firstBad ??= { line, text: table.toString('utf8', start, Math.min(end, start + MAX_LINE_BYTES)) }
    }
    start = end + 1
  }
  ipv4.seal()
  ipv6.seal()
  return { networks: networksOf(ipv4, ipv6, names), firstBad, bad }
}

function countLines(table: Buffer): number {
  let lines = 1
  for (let at = table.indexOf(NEWLINE); at >= 0; at = table.indexOf(NEWLINE, at + 1)) lines += 1
  return lines
}

/** @returns whether it is a row, a comment, or blank */
function readRow(text: string, ipv4: Rows, ipv6: Rows, names: Map<number, string>): boolean {
  const line = text.trim()
  if (line === '' || line.startsWith(';') || line.startsWith('#')) return true
  const row = rangeRow(line.split('\t')) ?? prefixRow(line)
  if (!row) return false
  const { start, end, asn, name } = row
  if (asn === 0) return true
  ;(start.length === 1 ? ipv4 : ipv6).add(start, end, asn)
  if (name !== '' && !names.has(asn)) names.set(asn, name.slice(0, MAX_NAME_LENGTH))
  return true
}

interface Row {
  start: Words
  end: Words
  asn: number
  name: string
}

/** A row of iptoasn.com. */
function rangeRow([first = '', last = '', number = '', , name = '']: readonly string[]): Row | undefined {
  const [from, to, asn] = [bytes(first), bytes(last), asnOf(number)]
  if (!from || !to || asn === undefined || from.length !== to.length) return undefined
  const isAscending = from.every((byte, i) => byte === to[i]) || isBefore(from, to)
  return isAscending ? { start: wordsOf(from), end: wordsOf(to), asn, name: name.trim() } : undefined
}

const PREFIX_ROW = /^(\S+)[ \t]+(\S+)(?:[ \t](.*))?$/

/** A row of pyasn or bgp.tools. */
function prefixRow(line: string): Row | undefined {
  const [, cidr = '', number = '', name = ''] = PREFIX_ROW.exec(line) ?? []
  const prefix = cidr.includes('/') ? parsePrefix(cidr) : null
  const asn = asnOf(number)
  if (!prefix || asn === undefined) return undefined
  return { start: wordsOf(prefix.network), end: wordsOf(lastOf(prefix)), asn, name: name.trim() }
}

const MAX_ASN = 0xffff_ffff

/** `64500` or `AS64500` (RFC 5396, asplain). @returns undefined for any other text */
export function asnOf(text: string): number | undefined {
  const [, digits] = /^(?:AS)?(\d{1,10})$/i.exec(text) ?? []
  const asn = Number(digits)
  return asn <= MAX_ASN ? asn : undefined
}

/** `AS64500 (EXAMPLE)` */
export function networkText({ asn, name }: Network): string {
  return name === '' ? `AS${asn}` : `AS${asn} (${name})`
}

function isBefore(a: Bytes, b: Bytes): boolean {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0)
}

/** The last address of a prefix. */
function lastOf({ network, length }: Prefix): Bytes {
  return network.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, length - i * 8))))
}

function networksOf(ipv4: Rows, ipv6: Rows, names: ReadonlyMap<number, string>): Networks {
  const find = (address: Bytes) => (address.length === 4 ? ipv4 : ipv6).find(wordsOf(address))
  const named = ({ asn }: Piece): Network => ({ asn, name: names.get(asn) ?? '' })
  return {
    of(address) {
      const piece = find(address)
      return piece && named(piece)
    },
    around(address, least) {
      const piece = find(address)
      if (!piece) return undefined
      const [first, last] = [bytesOf(piece.first), bytesOf(piece.last)]
      let length = least
      while (!isWithin({ network: masked(address, length), length }, first, last)) length += 1
      return { network: named(piece), prefix: { network: masked(address, length), length } }
    },
    size: ipv4.size() + ipv6.size(),
  }
}

/** Whether a prefix around an address between two others has none outside of them. */
function isWithin(prefix: Prefix, first: Bytes, last: Bytes): boolean {
  if (prefix.length === first.length * 8) return true
  const hasFirst = !isBefore(prefix.network, first)
  return hasFirst && !isBefore(last, lastOf(prefix))
}

function bytesOf(words: Words): Bytes {
  return [...words].flatMap(word => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255])
}
