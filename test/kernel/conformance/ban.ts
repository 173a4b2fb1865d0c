import { formatInstant } from '../../../lib/wire/instant.js'
import type { Ban } from '../../../lib/xff-ban/jail/ban.js'

/** A ban from now on. */
export function ban(ip: string, seconds = 3600): Ban {
  const now = Date.now()
  const until = now + seconds * 1000
  return {
    ip,
    until,
    record: { type: 'ban', time: formatInstant(now), ip, until: formatInstant(until), count: 1 },
  }
}
