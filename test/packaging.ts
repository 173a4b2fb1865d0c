/** What the scripts of the packages know of the rest of the project. */
import { readdirSync, readFileSync } from 'node:fs'
import { execa } from 'execa'
import t from 'tap'
import './support/apart.js'

t.test('the scripts know every unit', async t => {
  const { stdout } = await execa('sh', ['-ec', '. packaging/leave.sh; echo $started $bound'])
  const units = readdirSync('share/systemd').filter(file => file.endsWith('.service'))
  t.same(
    stdout
      .split(' ')
      .map(unit => `${unit}@.service`)
      .sort(),
    units.sort(),
  )
  for (const script of ['postinst', 'prerm', 'postrm', '../uninstall'])
    t.notMatch(
      readFileSync(`packaging/deb/${script}`, 'utf8'),
      /xff-jail-\w+/,
      `${script} has no list of its own`,
    )
})

/** As iptables-save prints them: rules of a jail, and of others. */
const RULES = `*mangle
:INPUT ACCEPT [1:2]
:shop - [0:0]
:shop/0babcdefghi - [0:0]
:shop/001 - [0:0]
:other - [0:0]
:a/b - [0:0]
-A INPUT -p tcp -m tcp --dport 3031 -m comment --comment xff-ban -j shop
-A INPUT -j other
-A shop -m string --hex-string |00| -j shop/0babcdefghi
COMMIT
*filter
:INPUT ACCEPT [0:0]
:other - [0:0]
-A INPUT -j other
COMMIT
`

t.test('of all rules, those of a jail are removed', async t => {
  const { stdout } = await execa('sh', ['-ec', '. packaging/leave.sh; without_ours'], { input: RULES })
  t.same(stdout.split('\n').sort(), [
    ...['*mangle', '-D INPUT -p tcp -m tcp --dport 3031 -m comment --comment xff-ban -j shop'],
    ...['-X shop', '-X shop/001', '-X shop/0babcdefghi'],
    ...[':shop - [0:0]', ':shop/001 - [0:0]', ':shop/0babcdefghi - [0:0]', 'COMMIT'],
  ])
})
