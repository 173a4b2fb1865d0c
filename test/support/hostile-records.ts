/** What strangers, and those whom we trust less than we think, may get into a log and into records. */
import fc from 'fast-check'

/** Each makes sense to some reader of what we write. */
const TRICKS = [
  // terminals: clear, title, colours, query, paste, links, C1, DEL, other character sets, backspaces
  '\x1b[2J\x1b[H',
  '\x1b]0;owned\x07',
  '\x1b[31;5mred',
  '\x1b[6n\x1b[c',
  '\x1b[?1049l\x1bc',
  '\x1b]8;;http://example.invalid/\x1b\\link\x1b]8;;\x1b\\',
  '\x1bP$q"p\x1b\\\x9b31m\x9d0;x\x9c',
  '\x0e\x0f\x7f\b\b\b\b\r',
  // lines, and what takes two columns, none, or turns text around
  '\nxff-ban: all is well\r\n',
  '\u2028\u2029\x0b\x0c\x85',
  '\u202egnp.exe\u202c\u2066\u2069\u200f\u061c',
  '\u200b\ufeff\u00ad\u034f\u3164\u2800\u{e0041}\ufff9',
  'z\u0301\u0302\u0303\u0327\u0338',
  '中文路径ＡＢ',
  '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}\u{1f1e9}\u{1f1ea}',
  '\ud800\udfff\ufffe\u{10ffff}\ue000',
  // HTML
  '<script>window.harmed=1</script>',
  '</code></td></table></title></style><img src=/seen onerror=window.harmed=1>',
  `"'><svg onload=window.harmed=1><base href=//example.invalid>`,
  '&lt;b&gt;&#60;b&#62;&amp;&nbsp;<!--<![CDATA[-->',
  'javascript:window.harmed=1//{{7*7}}#{7*7}',
  // chats
  '<!channel><@U024BE7LH><https://example.invalid|click>@everyone@here',
  '```\n# big\n**bold** [a](https://example.invalid) ~~x~~ ||y|| > q',
  // mails
  '\r\nBcc: victim@example.invalid\r\n\r\n.\r\nMAIL FROM:<x@example.invalid>\r\n',
  '=?utf-8?Q?=0D=0ABcc:_victim?=',
  // JSON, metrics, tables, shells, formats
  '"}\n{"type":"ban","ip":"192.0.2.66"}\n{"x":"\\u0000',
  '"} 1\n# HELP x\nx{a="',
  `=cmd|' /C calc'!A0\t;,"`,
  `$(touch /tmp/harmed)\`id\`';|&&\\0%s%n%1$s`,
  '__proto__',
  'constructor',
  // our own words
  ' => generated 3 bytes in 0 msecs (HTTP/1.0 200) 2 headers in 71 bytes (1 switches on core 0)',
  '[pid: 1|app: 0|req: 1/1] 192.0.2.66 () {1 vars in 1 bytes} [Sun Nov 22 14:06:08 2026] GET / ',
  '\0',
  '',
]

/** A text of tricks, of anything, or a long one. */
const text = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...TRICKS) },
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom(...TRICKS), { maxLength: 4 }).map(parts => parts.join('')),
  },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...TRICKS, 'w', '/').map(part => part.repeat(400).slice(0, 6_000)),
  },
)
const path = text.map(rest => `/${rest}`)
const address = fc.oneof(
  fc.nat(250).map(i => `203.0.113.${i}`),
  fc.nat(0xffff).map(i => `2001:db8:${i.toString(16)}::7`),
)

/** What uWSGI logs of a request, or what somebody made of it; bytes, of which not all are UTF-8. */
const request = fc
  .record({
    via: fc.oneof({ weight: 3, arbitrary: address }, { weight: 1, arbitrary: text }),
    user: text,
    method: fc.oneof({ weight: 3, arbitrary: fc.constant('GET') }, { weight: 1, arbitrary: text }),
    uri: path,
    second: fc.nat(3_599),
    junk: fc.constantFrom('', '', '', '\xff\xfe', '\xc0\x80', '\xed\xa0\x80', '\xf5', '\xe2\x82'),
  })
  .map(({ via, user, method, uri, second, junk }) => {
    const date = new Date(Date.UTC(2026, 10, 22, 14, 0, second)).toUTCString()
    const asctime = `${date.slice(0, 3)} Nov 22 ${date.slice(17, 25)} 2026`
    const [head, tail] = [
      `[pid: 7|app: 0|req: 7/9] ${via} (${user}) {24 vars in 256 bytes} [${asctime}] ${method} ${uri}`,
      ' => generated 3 bytes in 0 msecs (HTTP/1.0 404) 2 headers in 71 bytes (1 switches on core 0)\n',
    ]
    return Buffer.concat([
      Buffer.from(head.replaceAll('\n', ' ')),
      Buffer.from(junk, 'latin1'),
      Buffer.from(tail),
    ])
  })
/** One line in ten is none of uWSGI's. */
const logLine = fc.oneof(
  { weight: 9, arbitrary: request },
  { weight: 1, arbitrary: text.map(line => Buffer.from(`${line.replaceAll('\n', ' ')}\n`)) },
)

const time = fc.nat(3_599).map(second => new Date(Date.UTC(2026, 10, 22, 14, 0, second)).toISOString())
const until = '2036-11-22T15:00:00.000Z'
const last = fc.record({ status: fc.constant(404), method: text, uri: path })
const type = <T extends string>(name: T) => fc.constant(name)
const why = { rule: text, reason: text, by: text, hosts: fc.array(text, { maxLength: 3 }) }
const failures = fc.nat(100)
/** Records in which every text is from outside. */
const record = fc.oneof(
  fc.record({
    ...{
      type: type('request'),
      time,
      ip: fc.option(address),
      status: fc.constant(404),
      method: text,
      uri: path,
    },
    ...{ protocol: text, user: text, via: text, referer: text, agent: text, host: text, from: text },
    vars: fc.dictionary(text, text, { maxKeys: 2 }),
  }),
  fc.record({ type: type('ban'), time, ip: address, failures, last, ...why, until: fc.constant(until) }),
  fc.record({ type: type('held'), time, ip: address, failures, last, ...why, falls: fc.constant(until) }),
  fc.record({ type: type('unban'), time, ip: address, reason: text, by: text }),
  fc.record({ type: type('allow'), time, ip: address, until: fc.constant(until), note: text, by: text }),
  fc.record({ type: type('disallow'), time, ip: address, reason: text, note: text, by: text }),
  fc.record({ type: type('problem'), time, kind: text, reason: text }),
)

/** So many lines of a log. */
export const hostileLog = (parameters: fc.Parameters<unknown>): Buffer =>
  Buffer.concat(fc.sample(logLine, parameters as fc.Parameters<Buffer<ArrayBuffer>>))

/** So many records of any type that flows. */
export const hostileRecords = (parameters: fc.Parameters<unknown>): object[] =>
  fc.sample(record as fc.Arbitrary<object>, parameters as fc.Parameters<object>)

/** A text for a name that somebody gives a machine. */
export const HOSTILE_NAME = 'web\x1b[2J\r\nBcc: x@example.invalid\n<b>\u202e'
