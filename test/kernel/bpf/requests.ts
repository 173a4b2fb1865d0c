/** Random requests, with lists of hops such as proxies and hostile clients write. */
import type { Chance } from './chance.js'

export const STRANGERS = [
  ...['203.0.113.7', '203.0.113.8', '198.51.100.1', '1.2.3.4', '1.2.3.45', '11.2.3.4', '8.8.8.8'],
  ...['255.255.255.255', '0.0.0.0', '2001:db8::1', '2001:db8:5::77', '2001:DB8:5:0:1::', '64:ff9b::8.8.8.8'],
  ...['2001:db8:0:0:0:0:0:1', '::ffff:1.2.3.4', '::FFFF:203.0.113.7', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::'],
  ...[
    '::2:3:4:5:6:7:8',
    '1:2:3:4:5:6:1.2.3.4',
    '::1.2.3.4',
    '::ffff:102:304',
    '::',
    '::ffff:0.0.0.0',
    '::0:1',
  ],
]
export const PROXIES = [
  ...['10.0.0.1', '10.77.0.1', '127.0.0.1', '192.168.3.4', '172.16.0.1', '172.31.255.255'],
  ...['::1', 'fe80::1', 'fd00::2', '::ffff:10.0.0.9'],
]
export const STRANGE = [
  ...['', ' ', 'unknown', '_hidden', '010.1.1.1', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.4 5', '1.2.3.4:'],
  ...['1.2.3.4:123456', '[1.2.3.4]', '[2001:db8::1', '2001:db8::1]', '[]', '[::1]x', '[::1]:', 'fe80::1%'],
  ...['fe80::1%et_h', '[fe80::1%]', ':::', '1::2::3', '1:2:3:4:5:6:7:8:9', ':1::', '1:2:3:4:5:6:7', '1:2:'],
  ...['1:2:3:4:5:6:7:1.2.3.4', '12345::', '1.2.3.4%eth0', '::1.2.3', '1.2.3.4\0', 'é', '1..2.3', '[::1%a]'],
  ...['::ffff:1.2.3.4:80', '1.2.3.4\r', '\r1.2.3.4', '1.2\r.3.4', '[::1]:123456', '1.2.3.4:80:80', '[[::1]]'],
]

/** Request lines that are none, or hardly. */
const STRANGE_STARTS = [
  ...[
    'get / http/1.1',
    'GET / HTTP/1.1 ',
    'GET / HTTP/10.1',
    'PRI * HTTP/2.0',
    'GET http://a/ HTTP/1.1',
    'HTTP/1.1',
  ],
  ...[
    'TTP/1.1',
    'GET /\0 HTTP/1.0',
    'GET / HTTP/1.1\r',
    'GET /',
    '\x16\x03\x01',
    '',
    'x\xe9 HTTP/1.1',
    'a\rb HTTP/1.1',
  ],
]

/** Lines that a client may try, or a front end may write, beside the wanted one. */
const strangeLines = (name: string): string[] => [
  ...[
    `${name} : 1.2.3.4`,
    name,
    `${name}\0: 1.2.3.4`,
    `\0${name}: 1.2.3.4`,
    `${name}\t: 1.2.3.4`,
    `:${name}: 1.2.3.4`,
  ],
  ...[
    `${name};: 1.2.3.4`,
    `${name.slice(0, -1)}: 1.2.3.4`,
    ': 1.2.3.4',
    // one CR less, and a line that ends in LF alone would be the empty one
    '\r\r',
    `\r${name}: 1.2.3.4`,
    // behind a line's end a LF alone begins a line of another name
    `\n${name}: 1.2.3.4`,
    ' 1.2.3.4',
    '\t',
  ],
  ...[
    `x:\r${name}: 1.2.3.4`,
    `${name.toUpperCase()}\xe9: 1.2.3.4`,
    `a: b, ${name}: 1.2.3.4`,
    '\0',
    '\xff\xfe',
  ],
  ...['Transfer-Encodings: chunked', 'Expect: 100-continue', 'Connection: Upgrade', 'Content_Length: 9'],
  ...[`X-Long: ${'y'.repeat(5000)}`, `X-Names: ${`${name}: 1.2.3.4, `.repeat(40)}`],
]

/** What follows a header section: the bytes, and how the section tells where they end. */
export interface Body {
  bytes: Buffer
  chunked: boolean
}

export interface Requests {
  /**
   * @param name of the header in lower case
   * @param hops how many a list has at the least
   * @param body tells how it ends
   */
  http: (name: string, hops: number, body: Body) => Buffer
  uwsgi: (name: string, hops: number, body: Body) => Buffer
  body: (protocol: 'http' | 'uwsgi', content: Buffer) => Body
}

export function createRequests({ below, pick, happens }: Chance): Requests {
  /** An address as proxies may write it. */
  const dressed = (address: string): string => {
    const six = address.includes(':')
    const zoned = six && happens(0.1) ? `${address}%${pick(['eth0', '1', 'en-0.1', 'a:b'])}` : address
    const text = happens(0.1) ? zoned.toUpperCase() : zoned
    if (six) return happens(0.3) ? `[${text}]${happens(0.5) ? `:${below(70_000)}` : ''}` : text
    return happens(0.2) ? `${text}:${below(70_000)}` : text
  }

  const entry = (): string => {
    let text = happens(0.03) ? pick(STRANGE) : dressed(pick(happens(0.5) ? PROXIES : STRANGERS))
    if (happens(0.02) && text.length > 0) {
      const at = below(text.length)
      text = text.slice(0, at) + pick([...'0123456789abcfg:.%[] \t\r', '']) + text.slice(at + below(2))
    }
    return pick(['', '', '', ' ', '\t', '  ']) + text + pick(['', '', '', ' ', '\t '])
  }

  const list = (atLeast: number): string => {
    const few = happens(0.8) ? Math.max(1, atLeast) + below(3) : 1 + below(6)
    const size = happens(0.02) ? below(300) : few
    return Array.from({ length: size }, entry).join(pick([',', ', ', ', ']))
  }

  const word = (): string =>
    Array.from({ length: below(happens(0.1) ? 200 : 12) }, () => pick([...'abcdefgh-XYZ019/=; '])).join('')

  const anyCase = (name: string): string =>
    [...name].map(c => (c === '-' ? pick(['-', '-', '_']) : happens(0.5) ? c.toUpperCase() : c)).join('')

  return {
    body(protocol, content) {
      const chunked = protocol === 'http' && content.length > 0 && happens(0.4)
      if (!chunked) return { bytes: content, chunked }
      const pieces: Buffer[] = []
      for (let at = 0; at < content.length; ) {
        const to = Math.min(content.length, at + 1 + below(happens(0.5) ? 5 : 2000))
        const size = (to - at).toString(16)
        pieces.push(Buffer.from(`${happens(0.2) ? size.toUpperCase() : size}${pick(['', '', ';a=b'])}\r\n`))
        pieces.push(content.subarray(at, to), Buffer.from('\r\n'))
        at = to
      }
      pieces.push(Buffer.from(pick(['0\r\n\r\n', '00;x\r\n\r\n', '0\r\nX-A: b\r\n\r\n'])))
      return { bytes: Buffer.concat(pieces), chunked }
    },

    http(name, hops, body) {
      const end = () => (happens(0.02) ? pick(['\n', '\r', '\r\r\n']) : '\r\n')
      const method = pick(['GET', 'POST', 'HEAD', 'x!'])
      let text = `${method} /${word()} HTTP/1.${pick(['0', '1', '1'])}${end()}`
      // what tells of a body has to stand on a line
      const hasBody = body.bytes.length > 0
      if (!hasBody && happens(0.02)) text = `GET /${word()}${end()}`
      if (!hasBody && happens(0.04)) text = `${pick(STRANGE_STARTS)}${end()}`
      if (happens(0.01)) text = `GET /${'z'.repeat(below(9000))} HTTP/1.1${end()}`
      const others = [
        'Host',
        'Accept',
        'X-Forwarded',
        `${name}x`,
        'X-Forwarded-For-',
        `a${name}`,
        'Cookie',
        '',
      ]
      const lines = Array.from({ length: below(10) }, () => `${pick(others)}: ${word()}`)
      while (happens(0.2)) lines.splice(below(lines.length + 1), 0, pick(strangeLines(name)))
      for (let n = happens(0.05) ? 0 : happens(0.8) ? 1 : below(4); n > 0; n--) {
        const line = `${anyCase(name)}:${happens(0.9) ? ' ' : ''}${happens(0.05) ? '' : list(hops)}`
        const folded = line.replace(pick(['.', ',']), c => `${c}${end()}${pick([' ', '\t'])}`)
        lines.splice(below(lines.length + 1), 0, happens(0.05) ? folded : line)
      }
      // a line that nothing runs into: a front end writes it
      const told = body.chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.bytes.length}`
      const framing = hasBody ? `${anyCase(told).replaceAll('_', '-')}\r\n` : ''
      const first = happens(0.5) && text.endsWith('\r\n') && !/^[ \t]/.test(lines[0] ?? '')
      if (first) text += framing
      for (const line of lines) text += line + end()
      if (!text.endsWith('\r\n')) text += '\r\n'
      if (!first) text += framing
      if (happens(0.97)) text += '\r\n'
      return Buffer.from(text, 'latin1')
    },

    uwsgi(name, hops, body) {
      const others = [
        'REQUEST_METHOD',
        'REMOTE_PORT',
        'REMOTE_ADDS',
        `${name}_`,
        'HTTP_HOST',
        '',
        'A'.repeat(1500),
        name.slice(1),
        name.toLowerCase(),
        `${name.slice(0, -1)}\0`,
        `HTTP_${name}`,
      ]
      const odd = () =>
        pick([word(), word(), '\0\0', part(name).toString('latin1'), '\xff'.repeat(below(5000))])
      const variables = Array.from({ length: below(20) }, () => [pick(others), happens(0.9) ? word() : odd()])
      for (let n = happens(0.1) ? 0 : happens(0.8) ? 1 : below(4); n > 0; n--) {
        const lone = hops < 2 && happens(0.5)
        const value = happens(0.05) ? '' : lone ? dressed(pick(STRANGERS)) : list(hops)
        variables.splice(below(variables.length + 1), 0, [name, value])
      }
      if (body.bytes.length > 0)
        variables.splice(below(variables.length + 1), 0, ['CONTENT_LENGTH', String(body.bytes.length)])
      const block = Buffer.concat(variables.flat().map(part))
      const lie = happens(0.03) ? below(9) - 4 : 0
      const head = Buffer.alloc(4)
      if (happens(0.05)) head[3] = below(256)
      head.writeUInt16LE(Math.max(0, Math.min(65_535, block.length + lie)), 1)
      return Buffer.concat([head, block.subarray(0, 65_535)])
    },
  }
}

/** A key or a value of the uwsgi protocol. */
export function part(text: string): Buffer {
  const bytes = Buffer.from(`\0\0${text}`, 'latin1')
  bytes.writeUInt16LE(bytes.length - 2)
  return bytes
}
