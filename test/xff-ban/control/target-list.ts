/** Lists of addresses that others publish. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { exceptions } from '../../../lib/xff-ban/control/exceptions.js'
import { readTargetList } from '../../../lib/xff-ban/control/target-list.js'
import { tempDir } from '../../support/temp-dir.js'

t.test('a list is read as it is published, and a bad line costs only itself', async t => {
  const path = join(tempDir(t), 'drop.txt')
  const read = (text: string) => {
    writeFileSync(path, text)
    return readTargetList(path)
  }
  const lines = [
    '; Spamhaus DROP List',
    '# a comment',
    '',
    '1.10.16.0/20 ; SBL256894',
    '  203.0.113.7\t# twice',
    '203.0.113.7/32,2026-11-22,scanner\r',
    '2001:DB8::/32',
    '1.2.3.4.5',
    '<html>\u001b[2J',
  ]
  const { targets, unread } = read(lines.join('\n'))
  t.same(
    targets,
    ['1.10.16.0/20', '203.0.113.7', '2001:db8::/32'].map(ip => ({ ip, list: 'drop.txt' })),
  )
  t.equal(unread, `${path}: neither an address nor a prefix: line 8: "1.2.3.4.5", line 9: "<html>\\u001b[2J"`)
  t.match(read(`1.2.3.4\n${'x\n'.repeat(9)}`).unread, /line 4: "x" and 6 more$/)
  t.throws(() => read('# nobody\n'), /expected an address or a prefix a line in ".*", got nothing/)
  t.throws(() => read('<html>\n'), /got line 1: "<html>"/)
  t.throws(() => readTargetList(join(path, 'none')), /cannot read ".*none"/)
  t.throws(() => read('x'.repeat((64 << 20) + 1)), /expected at most 67108864 bytes/)
  const many = Array.from({ length: 1_000_001 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}\n`)
  t.throws(() => read(many.join('')), /expected at most 1000000 addresses/)
})

t.test('many exceptions are said once for each reason', async t => {
  const refused = (n: number, reason: string) =>
    Array.from({ length: n }, (_, i) => ({ type: 'refused' as const, ip: `203.0.113.${i}`, reason }))
  t.same(exceptions('ban', refused(2, 'no')), [
    'refused to ban "203.0.113.0": no',
    'refused to ban "203.0.113.1": no',
  ])
  t.same(
    exceptions('ban', [...refused(30, 'no'), { type: 'unchanged', ip: '192.0.2.1', reason: 'as it was' }]),
    ['refused to ban "203.0.113.0", "203.0.113.1", "203.0.113.2" and 27 more: no', '"192.0.2.1": as it was'],
  )
})
