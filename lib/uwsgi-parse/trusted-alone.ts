import { copyOf } from '../text/copy.js'
import { excerpt } from '../text/printable.js'
import { hopAddress } from './client.js'

/** The share of requests that are nearly all: below it, they may be health checks of the proxies themselves. */
const NEARLY_ALL = 0.9
/** How few requests say nothing. */
const MIN_REQUESTS = 12
/** After how many requests it is no longer counted. */
const MAX_REQUESTS = 1000
const MAX_SLOT_LENGTH = 256

/** Watches for a log that names proxies of ours and nobody else, so that nobody can be banned. */
export interface TrustedAlone {
  /** Is told the address slot of each request, or nothing where the line is doubted, and whether a client is in it. */
  saw: (slot: string, isKnown: boolean) => void
  /** What somebody should know: once. */
  about: () => string[]
  /** whether it was said, so that no other cause is to be looked for */
  isTold: () => boolean
}

export function watchTrustedAlone(): TrustedAlone {
  let requests = 0
  let alone = 0
  let example = ''
  let isTold = false
  return {
    saw(slot, isKnown) {
      if (requests === MAX_REQUESTS) return
      requests += 1
      if (isKnown || slot.length > MAX_SLOT_LENGTH || !isOfAddresses(slot)) return
      alone += 1
      if (example === '') example = copyOf(slot)
    },
    about() {
      if (isTold || requests < MIN_REQUESTS || alone < requests * NEARLY_ALL) return []
      isTold = true
      return [
        `nobody can be banned for ${alone} of ${requests} requests, since the log names trusted proxies alone ` +
          `("${excerpt(example, 80)}"), and no client: let the front end append to X-Forwarded-For, or take the client ` +
          'from its header (nginx: set_real_ip_from and real_ip_header); or does --trust hold too much, or is --hops too large?',
      ]
    },
    isTold: () => isTold,
  }
}

/** Whether all hops can be read, so that nothing but trust keeps them from being the client. */
function isOfAddresses(slot: string): boolean {
  return slot.split(',').every(hop => hopAddress(hop) !== null)
}
