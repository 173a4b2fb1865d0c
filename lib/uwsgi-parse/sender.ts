import { equals, hashOf } from '../bytes.js'
import type { FindClient } from './client.js'
import { type Stretch, stretch } from './output.js'

/** Who stands in an address slot, with what a record says of him. */
export interface Sender {
  ip: string | null
  /** whether the slot held one private address and nothing else */
  lonePrivate: boolean
  /** whether the record shows the slot: where it is more than the client */
  listed: boolean
  /** the slot, as logged */
  slot: Uint8Array
  /** what a record says between its time and its status */
  json: Stretch
}

/** How many slots are remembered (a power of two), and on how many places each may fall; of those that fall on the same, the latter. */
const REMEMBERED = 32_768
const PLACES = 4

/**
 * Compiles a reader of address slots of ASCII, which remembers what it found.
 * @returns the sender in the slot that stands between two places
 */
export function rememberSenders(client: FindClient): (bytes: Buffer, start: number, end: number) => Sender {
  const remembered: (Sender | undefined)[] = Array.from({ length: REMEMBERED })
  const read = (slot: string): Sender => {
    const { ip, listed, inside } = client(slot)
    const shown = ip === null || listed
    const json = stretch(`Z","ip":${JSON.stringify(ip)},"status":`)
    return { ip, lonePrivate: inside && !shown, listed: shown, slot: Buffer.from(slot), json }
  }
  return (bytes, start, end) => {
    const hash = hashOf(bytes, start, end)
    for (let i = 0; i < PLACES; i++) {
      const known = remembered[(hash + i) & (REMEMBERED - 1)]
      if (known === undefined) break
      if (equals(bytes, start, end, known.slot)) return known
    }
    const sender = read(bytes.toString('latin1', start, end))
    let place = hash & (REMEMBERED - 1)
    for (let i = 1; i < PLACES && remembered[place] !== undefined; i++) place = (hash + i) & (REMEMBERED - 1)
    remembered[place] = sender
    return sender
  }
}
