import t from 'tap'
import { matchHint } from '../../../lib/xff-ban/backend/hints.js'
import { createWarnings } from '../../../lib/xff-ban/jail/warnings.js'

const SECOND = 1000
const MINUTE = 60_000
const HOUR = 3_600_000

function announcing(storm: number, hint?: string) {
  const said: string[] = []
  return { said, ...createWarnings({ storm, hint, warn: message => said.push(message) }) }
}

t.test('a storm of bans is warned of once, as long as it goes on', async t => {
  const { said, banned } = announcing(3)
  for (const seconds of [0, 30, 60, 90]) banned(seconds * SECOND)
  t.same(said, [], 'three within a minute and not a second longer')
  banned(91 * SECOND)
  t.match(said, [/^a storm: 3 new bans within a minute/])
  for (let seconds = 92; seconds < 400; seconds++) banned(seconds * SECOND)
  t.equal(said.length, 1, 'as long as it goes on')
  for (let seconds = 500; seconds < 505; seconds++) banned(seconds * SECOND)
  t.equal(said.length, 2, 'the next one')
})

t.test('banned addresses that go on failing are warned of once a minute, with the likely cause', async t => {
  const { said, stillFailing } = announcing(1000, 'the front end')
  stillFailing('203.0.113.1', 4 * SECOND, 0, 0)
  t.same(said, [], 'what was on its way when the ban fell')
  stillFailing('203.0.113.1', 5 * SECOND, 0, 10 * SECOND)
  t.same(said, ['banned, yet still failing: 203.0.113.1. Likely cause: the front end'])
  for (let n = 1; n < 9; n++) stillFailing(`203.0.113.${n}`, 30 * SECOND, 0, 30 * SECOND)
  stillFailing('203.0.113.8', 69 * SECOND, 0, 69 * SECOND)
  t.equal(said.length, 1, 'not before a minute has passed')
  stillFailing('203.0.113.1', 70 * SECOND, 0, 10 * SECOND + MINUTE)
  t.match(said[1], /: 203\.0\.113\.1 \(2 times\), 203\.0\.113\.8 \(2 times\), .* and 3 others\. /)
})

t.test('nothing is said of banned addresses that go on failing where nothing is enforced', async t => {
  const { said, stillFailing } = announcing(1000)
  stillFailing('203.0.113.1', MINUTE, 0, MINUTE)
  t.same(said, [])
})

t.test('records ahead of the clock are warned of once a minute', async t => {
  const { said, ahead } = announcing(1000)
  for (const seconds of [0, 30, 59, 60]) ahead('203.0.113.1', HOUR + seconds * SECOND, seconds * SECOND)
  t.equal(said.length, 2)
  t.match(said[0], /^a record of 203\.0\.113\.1 is 3600 s ahead of the clock/)
})

t.test('the likely cause depends on --match', async t => {
  t.match(matchHint('http', false, false), /uwsgi_pass.*::ffff:1\.2\.3\.4 \(--mapped\).*TLS/)
  t.notMatch(matchHint('http', true, false), /--mapped/)
  t.match(matchHint('http', true, false), /--appended/)
  t.notMatch(matchHint('http', true, true), /--appended/)
  t.match(matchHint('uwsgi', false, false), /^the front end speaks HTTP/)
  t.match(matchHint('behind:10.0.0.1', false, false), /^the inner proxy/)
  t.match(matchHint('http: {ip}', false, false), /^no packet holds the text/)
})
