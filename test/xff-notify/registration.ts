import fc from 'fast-check'
import t from 'tap'
import { plainLine } from '../../lib/xff-notify/plain-line.js'
import { summarise } from '../../lib/xff-notify/registration.js'
import { seeded } from '../support/seeded.js'

t.test('the summary holds the fields of RIPE, ARIN and LACNIC', t => {
  t.same(
    summarise(
      [
        "% Abuse contact for '203.0.113.0 - 203.0.113.255' is 'abuse@example.net'",
        'inetnum:        203.0.113.0 - 203.0.113.255',
        'netname:        EXAMPLE-NET',
        'descr:          a street',
        'country:        NL',
        'mnt-by:         EXAMPLE-MNT',
        '',
        'organisation:   ORG-EX1-RIPE',
        'org-name:       Example B.V.',
        'abuse-mailbox:  abuse@example.net',
        'descr:          another',
        'origin:         AS64500',
      ].join('\n'),
    ),
    [
      'inetnum: 203.0.113.0 - 203.0.113.255',
      'netname: EXAMPLE-NET',
      'org-name: Example B.V.',
      'country: NL',
      'origin: AS64500',
      'abuse-mailbox: abuse@example.net',
    ],
  )
  t.same(
    summarise(
      'NetRange:       192.0.2.0 - 192.0.2.255\r\nOrgName:  Example\r\nOrgAbuseEmail:  a@example.com\r\n',
    ),
    ['netrange: 192.0.2.0 - 192.0.2.255', 'orgname: Example', 'orgabuseemail: a@example.com'],
  )
  t.same(summarise('owner:       Example S.A.\ncountry: BR\n'), ['owner: Example S.A.', 'country: BR'])
  t.same(summarise('No match found.\n'), [])
  t.end()
})

t.test('whatever an answer holds, the summary is a few short lines of plain text', t => {
  const line = fc
    .tuple(
      fc.constantFrom('netname', 'country', 'descr', 'OrgName', 'e-mail', 'x'),
      fc.string({ unit: 'binary' }),
    )
    .map(([name, value]) => `${name}: ${value}`)
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string({ unit: 'binary' }))), lines => {
      const summary = summarise(lines.join('\n'))
      return summary.length <= 6 && summary.every(text => !/[\p{Cc}\p{Cf}]/u.test(text) && text.length <= 130)
    }),
    seeded(t, 500),
  )
  const hostile = summarise(`netname: \x1b]0;owned\x07\u202egnp\r.exe${'x'.repeat(70_000)}\ncountry: NL`)
  t.same(hostile, ['country: NL'], 'a line without end is none')
  t.same(summarise('netname: \x1b[2Ja\u202eb\u0085c'), ['netname: [2Ja b c'])
  t.end()
})

t.test('plain text stays on one line and within its bound', t => {
  t.equal(plainLine('a\r\nBcc: x@y\0', 100), 'a Bcc: x@y')
  t.equal(plainLine('\u2028x\u200b', 100), 'x')
  t.equal(plainLine('x'.repeat(11), 10), `${'x'.repeat(10)}…`)
  t.equal(plainLine('Zürich €', 100), 'Zürich €')
  t.ok(plainLine(`${'x'.repeat(9)}𝄞yyy`, 10).isWellFormed(), 'no half of a pair')
  t.end()
})
