/** What bans cost: `make bench-ban`. Needs root; traffic stays in namespaces of its own. */
import { measureDelay } from './delay.js'
import { measureFlood } from './flood.js'
import { measureLoad } from './load.js'

const MEASUREMENTS = { load: measureLoad, flood: measureFlood, delay: measureDelay }

for (const name of process.argv.slice(2)) {
  if (!(name in MEASUREMENTS)) throw new Error(`expected ${Object.keys(MEASUREMENTS)}, got ${name}`)
  await MEASUREMENTS[name as keyof typeof MEASUREMENTS]()
}
process.exit()
