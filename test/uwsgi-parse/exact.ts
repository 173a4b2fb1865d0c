/**
 * With the socket known, no line that a client can bring about leaves its client in doubt: lines with the true client
 * known, through both readers. `make fuzz` makes a million of them.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { ownFormat } from '../../lib/uwsgi-parse/layout/log-format.js'
import { uwsgiParse } from '../../lib/uwsgi-parse/stage.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import type { RequestRecord } from '../../lib/wire/record.js'
import { type Kind, type Line, lineMaker } from '../support/known-truth.js'
import { seeded } from '../support/seeded.js'

const CHUNK_LINES = 5000

async function parsed(lines: readonly Line[], kind: Kind, thorough: boolean): Promise<string> {
  const { stages } = uwsgiParse({
    wanted: () => true,
    attribution: { client: compileClient({ ranges: PRIVATE_RANGES }), counted: false },
    zone: compileZone('UTC'),
    format: ownFormat({ socket: kind === 'http' ? 'http' : 'uwsgi' }),
    warn: () => {},
    onBadLine: () => {},
    thorough,
  })
  const written: Buffer[] = []
  const input = Buffer.from(lines.map(({ text }) => `${text}\n`).join(''))
  await pipeline([
    Readable.from([input], { objectMode: false }),
    ...stages,
    async (blocks: AsyncIterable<Buffer>) => {
      for await (const block of blocks) written.push(block)
    },
  ] as unknown as [Readable, NodeJS.WritableStream])
  return Buffer.concat(written).toString()
}

for (const kind of ['http', 'uwsgi', 'uwsgi with blanks'] as const) {
  t.test(`behind a socket of kind ${kind} every hostile line names its sender`, async t => {
    const { seed = 0, numRuns = 0 } = seeded(t, 20_000)
    const next = lineMaker(kind, seed)
    let tooLong = 0
    for (let done = 0; done < numRuns; done += CHUNK_LINES) {
      const lines = Array.from({ length: Math.min(CHUNK_LINES, numRuns - done) }, next)
      const full = await parsed(lines, kind, true)
      if ((await parsed(lines, kind, false)) !== full) t.fail('both readers say the same')
      const records = full
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line) as RequestRecord)
      t.equal(records.length, lines.length, 'each line is a request')
      for (const [i, { text, client, uri }] of lines.entries()) {
        const record = records[i]
        if (client === null) tooLong += 1
        if (record?.ip !== client || record?.uri !== uri)
          t.same([record?.ip, record?.uri], [client, uri], text)
      }
    }
    t.comment(`${numRuns} lines, 0 wrong, ${tooLong} unknown since too long for uWSGI to log`)
    t.ok(tooLong < numRuns * 0.1, 'nearly all are known')
  })
}
