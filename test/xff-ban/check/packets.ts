/** What the counts of the kernel program say of a request. */
import t from 'tap'
import { countsOf } from '../../../lib/xff-ban/check/kernel.js'
import { blindness, type Seen } from '../../../lib/xff-ban/check/packets.js'

/** One request at a port, in which no client was found. */
const unattributedAt = (port: number): Seen =>
  new Map([
    [
      { port, protocol: 'http', field: 'x-forwarded-for' },
      countsOf(name => Number(name === 'requests' || name === 'unattributed')),
    ],
  ])

t.test('the port of the front end is told from that of the app', async t => {
  t.match(await blindness(unattributedAt(80), 80), {
    ok: false,
    what: /^port 80 saw the request, and no client in header x-forwarded-for$/,
    cure: /give --port that of the app, to which the front end connects/,
  })
  t.match(await blindness(unattributedAt(3031), 80), { ok: false, cure: /--header NAME/ })
})
