/**
 * The module reads what the full parser reads: lines made of right and wrong pieces, and logs that are cut at every byte.
 * `make fuzz` makes a million lines of each layout.
 */
import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import type { Format } from '../../lib/uwsgi-parse/layout/log-format.js'
import { uwsgiParse } from '../../lib/uwsgi-parse/stage.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import { collect } from '../support/collect.js'
import { HOSTILE_FORMATS, hostileLines } from '../support/hostile-lines.js'
import { seeded } from '../support/seeded.js'

interface Way {
  format: Format
  thorough?: boolean
  /** which statuses are wanted */
  from: number
}

/** What becomes of a log that comes in these chunks. */
async function parsed(chunks: readonly Buffer[], { format, thorough = false, from }: Way): Promise<string> {
  const bad: unknown[] = []
  const { stages, tally } = uwsgiParse({
    wanted: status => status >= from,
    attribution: { client: compileClient({ ranges: PRIVATE_RANGES }), counted: false },
    ...{ zone: compileZone('UTC'), format, thorough, tallyMs: 10_000 },
    warn: () => {},
    onBadLine: one => bad.push(one),
  })
  const written = Buffer.concat(await collect(stages, chunks)).toString()
  const { lines, requests, wanted, unattributed, unparsed, privateClients, doubts } = tally
  // of a line whose status nobody wants, no more than that is looked at: it counts as a request
  const isExact = from === 0
  return (
    (isExact ? written : written.replace(/(?<="tally".*"requests":)\d+/g, '')) +
    JSON.stringify([lines, wanted, unattributed, isExact ? [requests, unparsed] : requests + unparsed]) +
    JSON.stringify([[...privateClients], [...doubts], bad])
  )
}

const bytes = (lines: readonly string[]) => Buffer.from(lines.join(''), 'latin1')

const CHUNK_LINES = 5000

for (const [name, format] of Object.entries(HOSTILE_FORMATS)) {
  const layout = name as keyof typeof HOSTILE_FORMATS

  t.test(`${name}: both readers say the same of hostile lines`, async t => {
    const { seed = 0, numRuns = 0 } = seeded(t, 20_000)
    const next = hostileLines(layout, seed)
    let records = 0
    for (let done = 0; done < numRuns; done += CHUNK_LINES) {
      const log = bytes(Array.from({ length: Math.min(CHUNK_LINES, numRuns - done) }, next))
      const from = done % (2 * CHUNK_LINES) === 0 ? 0 : 400
      const fast = await parsed([log], { format, from })
      records += fast.split('"ip":"').length - 1
      if (fast !== (await parsed([log], { format, from, thorough: true }))) {
        t.fail(`from ${from}, lines ${done} to ${done + CHUNK_LINES} differ`)
        break
      }
    }
    t.ok(records > numRuns / 10, `${records} records with a client`)
  })

  t.test(`${name}: a log that ends, or is cut, at any byte is read in the same way`, async t => {
    const { seed = 0, numRuns = 0 } = seeded(t, 1)
    const next = hostileLines(layout, seed)
    for (let log = 0; log < numRuns; log++) {
      const whole = bytes(Array.from({ length: 6 }, next))
      const full = await parsed([whole], { format, from: 0, thorough: true })
      // each byte of a short one, and of others as many places
      const step = Math.ceil(whole.length / 1500)
      for (let cut = 0; cut <= whole.length; cut += step) {
        const [begin, rest] = [whole.subarray(0, cut), whole.subarray(cut)]
        const cuts = await parsed([begin, rest], { format, from: 0 })
        if (cuts !== full) t.equal(cuts, full, `log ${log} cut at ${cut}`)
        const ended = await parsed([begin], { format, from: 0 })
        if (ended !== (await parsed([begin], { format, from: 0, thorough: true })))
          t.fail(`log ${log} that ends at ${cut}`)
      }
    }
    t.ok(numRuns > 0)
  })
}
