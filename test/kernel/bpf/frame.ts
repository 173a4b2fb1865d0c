/** Builds and reads Ethernet frames of one TCP connection. */

export const FIN = 1,
  SYN = 2,
  RST = 4,
  PSH = 8,
  ACK = 16

/** The loopback device's own MAC address: test runs of a program take place there. */
const HOST = '000000000000'
const SENDER = '040404040404'

export interface Flow {
  /** both of 4 or both of 16 bytes */
  source: Buffer
  destination: Buffer
  sourcePort: number
  destinationPort: number
  /** whether segments carry the TCP timestamp option */
  timestamps: boolean
  /** IPv4 options in words of 4 bytes; or one IPv6 header in words of 8, the first byte left for the next header */
  options?: Buffer
  /** of that IPv6 header: 0 hop-by-hop, 60 destination */
  extension?: number
  /** a VLAN tag in the frame */
  vlan?: number
  /** to whom the frame is, in hex */
  mac?: string
}

export interface Segment {
  seq: number
  ack: number
  flags: number
  payload: Buffer
}

function sum(bytes: Buffer): number {
  let total = 0
  for (let i = 0; i < bytes.length; i += 2) total += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}

/** @param addresses of source and destination */
function pseudoHeader(addresses: Buffer, tcp: Buffer): Buffer {
  const rest = Buffer.alloc(6)
  rest.writeUInt32BE(tcp.length)
  rest[5] = 6
  return Buffer.concat([addresses, rest])
}

function tcpHeader(flow: Flow, { seq, ack, flags }: Segment): Buffer {
  const tcp = Buffer.alloc(flow.timestamps ? 32 : 20)
  tcp.writeUInt16BE(flow.sourcePort, 0)
  tcp.writeUInt16BE(flow.destinationPort, 2)
  tcp.writeUInt32BE(seq >>> 0, 4)
  tcp.writeUInt32BE(ack >>> 0, 8)
  tcp[12] = (tcp.length / 4) << 4
  tcp[13] = flags
  tcp.writeUInt16BE(500, 14)
  if (flow.timestamps) Buffer.from('0101080a1111111122222222', 'hex').copy(tcp, 20)
  return tcp
}

/** @param length of what is behind the header */
function ipv6Header({ source, destination, options, extension = 60 }: Flow, length: number): Buffer {
  const ip = Buffer.alloc(40)
  ip[0] = 0x60
  // with a jumbo option the length is told there
  if (options?.[2] !== 0xc2) ip.writeUInt16BE(length + (options?.length ?? 0), 4)
  ip[6] = options ? extension : 6
  ip[7] = 60
  source.copy(ip, 8)
  destination.copy(ip, 24)
  if (!options) return ip
  return Buffer.concat([ip, Buffer.from([6]), options.subarray(1)])
}

function ipv4Header({ source, destination, options = Buffer.alloc(0) }: Flow, length: number): Buffer {
  const ip = Buffer.concat([Buffer.alloc(20), options])
  ip[0] = 0x40 | (ip.length / 4)
  ip.writeUInt16BE(ip.length + length, 2)
  ip[6] = 0x40
  ip[8] = 60
  ip[9] = 6
  source.copy(ip, 12)
  destination.copy(ip, 16)
  ip.writeUInt16BE(~sum(ip) & 0xffff, 10)
  return ip
}

export function frame(flow: Flow, segment: Segment): Buffer {
  const six = flow.source.length === 16
  const whole = Buffer.concat([tcpHeader(flow, segment), segment.payload])
  const pseudo = pseudoHeader(Buffer.concat([flow.source, flow.destination]), whole)
  whole.writeUInt16BE(~sum(Buffer.concat([pseudo, whole])) & 0xffff, 16)
  const ip = six ? ipv6Header(flow, whole.length) : ipv4Header(flow, whole.length)
  const tag = flow.vlan === undefined ? '' : `8100${flow.vlan.toString(16).padStart(4, '0')}`
  const ethernet = Buffer.from(`${flow.mac ?? HOST}${SENDER}${tag}${six ? '86dd' : '0800'}`, 'hex')
  return Buffer.concat([ethernet, ip, whole])
}

export interface Parsed extends Segment {
  macSource: string
  source: string
  sourcePort: number
  destinationPort: number
  /** TCP options in hex */
  options: string
  /** both checksums are right, and the lengths agree */
  sound: boolean
}

/** Reads a frame, with or without a VLAN tag, IPv4 options or one IPv6 header of options. */
export function parse(bytes: Buffer): Parsed {
  const l2 = bytes.readUInt16BE(12) === 0x8100 ? 18 : 14
  const six = bytes.readUInt16BE(l2 - 2) === 0x86dd
  const extension = six && bytes[l2 + 6] !== 6 ? 8 * ((bytes[l2 + 41] ?? 0) + 1) : 0
  const ip = bytes.subarray(l2, l2 + (six ? 40 + extension : 4 * ((bytes[l2] ?? 0) & 15)))
  const tcp = bytes.subarray(l2 + ip.length)
  const header = ((tcp[12] ?? 0) >> 4) * 4
  const length = six ? ip.readUInt16BE(4) - extension : ip.readUInt16BE(2) - ip.length
  const addresses = six ? ip.subarray(8, 40) : ip.subarray(12, 20)
  return {
    macSource: bytes.toString('hex', 6, 12),
    source: addresses.toString('hex', 0, addresses.length / 2),
    sourcePort: tcp.readUInt16BE(0),
    destinationPort: tcp.readUInt16BE(2),
    seq: tcp.readUInt32BE(4),
    ack: tcp.readUInt32BE(8),
    flags: tcp[13] ?? 0,
    payload: tcp.subarray(header),
    options: tcp.toString('hex', 20, header),
    sound:
      length === tcp.length &&
      (six || sum(ip) === 0xffff) &&
      sum(Buffer.concat([pseudoHeader(addresses, tcp), tcp])) === 0xffff,
  }
}
