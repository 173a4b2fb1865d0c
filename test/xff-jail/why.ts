import t from 'tap'
import { type Known, whyText } from '../../lib/xff-jail/bans.js'

const NOW = Date.parse('2026-11-22T14:30:00Z')
const known = (ban: object): Known[] => [
  {
    ...{ ip: '203.0.113.5', jail: 'shop', last: undefined },
    bans: [{ type: 'ban', ip: '203.0.113.5', until: '2026-11-22T15:00:00.000Z', ...ban }],
  },
]

t.test('why names the rule, or who has asked for a ban and for what reason', async t => {
  for (const [ban, why] of [
    [{ failures: 5, rule: 'login' }, /for 30m 00s: 5 failures, by the rule login$/],
    [
      { failures: 5, reason: '5 addresses failed within 300 s', last: { status: 404, uri: '/\u001b[2J' } },
      /5 failures, 5 addresses failed within 300 s, the last: 404 \/\\u\{1b\}\[2J$/,
    ],
    [{ by: 'alice\u0007', reason: 'scanner' }, /: by alice\\u\{7\}: scanner$/],
    [{ reason: 'listed in drop.txt' }, /: by hand, or by a list: listed in drop\.txt$/],
    [{}, /: by hand, or by a list$/],
  ] as const)
    t.match(whyText('203.0.113.5', known(ban), NOW).trimEnd(), why)
})
