/** What logs are made of is read by the fast path, and only the rest by the full parser. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { compileLayout, type FastLayout } from '../../lib/uwsgi-parse/fast-layout.js'
import { compileFastPath as compileLogPath } from '../../lib/uwsgi-parse/fast-path.js'
import { OWN_FORMAT } from '../../lib/uwsgi-parse/layout/log-format.js'
import { logClock } from '../../lib/uwsgi-parse/time/log-clock.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import { compileFastPath as compileRequestPath } from '../../lib/xff-window/fast-path.js'
import { FIXTURES } from '../support/commands.js'

const LOG = readFileSync(join(FIXTURES, 'attack/uwsgi.log'))

t.test('requests in a log of an attack, to records, to failures, without the full parser', async t => {
  const left: string[] = []
  const logPath = compileLogPath({
    warn: t.fail,
    wanted: status => status >= 400,
    client: compileClient({ ranges: PRIVATE_RANGES }),
    clock: logClock(compileZone('UTC')),
    parseFully(text) {
      left.push(text)
      return { written: '', isRequest: false }
    },
    layout: compileLayout(OWN_FORMAT) as FastLayout,
    countRecord: () => false,
    countPrivate: () => {},
  })
  const counts = logPath?.read(LOG, false)
  t.ok((counts?.requests ?? 0) > 2500, `${counts?.requests} requests of ${counts?.lines} lines`)
  t.ok(left.length < 300, `${left.length} lines are left to the full parser`)
  const records = logPath?.take() ?? Buffer.alloc(0)
  const failures = new Set<string>()
  const requestPath = compileRequestPath({
    warn: t.fail,
    failing: status => status >= 400,
    keyOf: ip => ip,
    parseFully: text => t.fail(text),
    countFailure: ip => failures.add(ip),
  })
  t.match(requestPath?.(records), { requests: records.toString().split('\n').length - 1 })
  t.ok(failures.size > 0, `failures of ${failures.size} clients`)
})
