/** Builds and reads Ethernet frames of one TCP connection. */

export const FIN = 1,
  SYN = 2,
  RST = 4,
  PSH = 8,
  ACK = 16

export interface Flow {
  /** both of 4 or both of 16 bytes */
  source: Buffer
  destination: Buffer
  sourcePort: number
  destinationPort: number
  /** whether segments carry the TCP timestamp option */
  timestamps: boolean
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

function pseudoHeader(ip: Buffer, tcp: Buffer): Buffer {
  return Buffer.concat([
    ip.subarray(ip.length === 40 ? 8 : 12),
    Buffer.from([0, 6, tcp.length >> 8, tcp.length & 0xff]),
  ])
}

export function frame(flow: Flow, segment: Segment): Buffer {
  const six = flow.source.length === 16
  const tcp = Buffer.alloc(flow.timestamps ? 32 : 20)
  tcp.writeUInt16BE(flow.sourcePort, 0)
  tcp.writeUInt16BE(flow.destinationPort, 2)
  tcp.writeUInt32BE(segment.seq >>> 0, 4)
  tcp.writeUInt32BE(segment.ack >>> 0, 8)
  tcp[12] = (tcp.length / 4) << 4
  tcp[13] = segment.flags
  tcp.writeUInt16BE(500, 14)
  if (flow.timestamps) Buffer.from('0101080a1111111122222222', 'hex').copy(tcp, 20)
  const whole = Buffer.concat([tcp, segment.payload])
  const ip = Buffer.alloc(six ? 40 : 20)
  if (six) {
    ip[0] = 0x60
    ip.writeUInt16BE(whole.length, 4)
    ip[6] = 6
    ip[7] = 60
    flow.source.copy(ip, 8)
    flow.destination.copy(ip, 24)
  } else {
    ip[0] = 0x45
    ip.writeUInt16BE(20 + whole.length, 2)
    ip[6] = 0x40
    ip[8] = 60
    ip[9] = 6
    flow.source.copy(ip, 12)
    flow.destination.copy(ip, 16)
    ip.writeUInt16BE(~sum(ip) & 0xffff, 10)
  }
  whole.writeUInt16BE(~sum(Buffer.concat([pseudoHeader(ip, whole), whole])) & 0xffff, 16)
  const ethernet = Buffer.from(`020202020202040404040404${six ? '86dd' : '0800'}`, 'hex')
  return Buffer.concat([ethernet, ip, whole])
}

export interface Parsed extends Segment {
  macSource: string
  source: string
  sourcePort: number
  destinationPort: number
  timestamps: string
  /** both checksums are right, and the lengths agree */
  sound: boolean
}

export function parse(bytes: Buffer): Parsed {
  const six = bytes.readUInt16BE(12) === 0x86dd
  const ip = bytes.subarray(14, six ? 54 : 34)
  const tcp = bytes.subarray(14 + ip.length)
  const header = ((tcp[12] ?? 0) >> 4) * 4
  const length = six ? ip.readUInt16BE(4) : ip.readUInt16BE(2) - 20
  return {
    macSource: bytes.toString('hex', 6, 12),
    source: (six ? ip.subarray(8, 24) : ip.subarray(12, 16)).toString('hex'),
    sourcePort: tcp.readUInt16BE(0),
    destinationPort: tcp.readUInt16BE(2),
    seq: tcp.readUInt32BE(4),
    ack: tcp.readUInt32BE(8),
    flags: tcp[13] ?? 0,
    payload: tcp.subarray(header),
    timestamps: tcp.toString('hex', 20, header),
    sound:
      length === tcp.length &&
      (six || sum(ip) === 0xffff) &&
      sum(Buffer.concat([pseudoHeader(ip, tcp), tcp])) === 0xffff,
  }
}
