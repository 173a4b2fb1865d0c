import type { Block } from '../bytes.js'
import { REMEMBERED, remember } from '../remember.js'
import type { FindClient } from './client.js'
import { createShelf, type Stretch, stretch } from './output.js'

/** Who stands in an address slot, with what a record says of him. */
export interface Sender {
  ip: string | null
  /** whether the slot held one private address and nothing else */
  lonePrivate: boolean
  /** whether the record shows the slot: where it is more than the client */
  listed: boolean
  /** what a record says between its time and its status */
  json: Stretch
}

/** Compiles a reader of address slots of ASCII: the sender in the slot that stands between two places. */
export function compileSender(client: FindClient): (block: Block, start: number, end: number) => Sender {
  const shelf = createShelf(REMEMBERED)
  return remember((slot, place) => {
    const { ip, listed, inside } = client(slot)
    const shown = ip === null || listed
    const text = `Z","ip":${JSON.stringify(ip)},"status":`
    const json = place === undefined ? stretch(text) : shelf(text, place)
    return { ip, lonePrivate: inside && !shown, listed: shown, json }
  })
}
