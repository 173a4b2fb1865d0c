import { createSocket } from 'node:dgram'

/** Types of records (RFC 1035, RFC 3596). */
export const TYPES = { A: 1, PTR: 12, AAAA: 28 } as const

/** What a server says to a question: data of records, that there is nothing of the name, or nothing at all. */
export type Answer = readonly Buffer[] | 'no such name' | 'silence'

/** A name as messages have it. */
export function dnsName(name: string): Buffer {
  const labels = name.split('.').map(label => Buffer.from([label.length, ...Buffer.from(label)]))
  return Buffer.concat([...labels, Buffer.from([0])])
}

/**
 * A server of names on port 53 of loopback, over UDP.
 * @param answer gets the name in lower case and the type of a question
 */
export async function dnsServer(answer: (name: string, type: number) => Answer) {
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    const labels: string[] = []
    let at = 12
    for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
      labels.push(message.toString('latin1', at + 1, at + 1 + length).toLowerCase())
      at += 1 + length
    }
    const type = message.readUInt16BE(at + 1)
    const question = message.subarray(12, at + 5)
    const name = labels.join('.')
    asked.push(name)
    const said = answer(name, type)
    if (said === 'silence') return
    const records = said === 'no such name' ? [] : said
    const head = Buffer.from(message.subarray(0, 12))
    // an answer, recursion available, and whether there is such a name
    head.writeUInt16BE(said === 'no such name' ? 0x8183 : 0x8180, 2)
    for (const [i, count] of [1, records.length, 0, 0].entries()) head.writeUInt16BE(count, 4 + 2 * i)
    const body = records.map(data => {
      // the name of the question, the type, class IN, a minute to live
      const about = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255])
      return Buffer.concat([about, data])
    })
    socket.send(Buffer.concat([head, question, ...body]), from.port, from.address)
  })
  await new Promise<void>(resolve => socket.bind(53, '127.0.0.1', resolve))
  return { asked, close: () => socket.close() }
}
