import { failure } from '../failure.js'
import { random } from '../known-truth.js'

/** After so many failures a client is banned. */
export const MAX = 10

export interface Plan {
  seed: number
  hosts: number
  /** of those that fail once too often, and as many that fail once less */
  attackers: number
  /** lines of all hosts together */
  lines: number
  /** how long it takes, in milliseconds */
  duration: number
}

/** A line that is to come. */
export interface Due {
  /** milliseconds from the beginning */
  at: number
  host: number
  /** the line, as of now */
  line: () => string
}

/**
 * Failures spread over the hosts. Attackers fail exactly as often as it takes for a ban, others exactly once less: one
 * record lost is a ban lost, and one doubled is a ban of somebody else. The rest are passers-by, some of whom send the same
 * request several times within one second.
 */
export function planTraffic({ seed, hosts, attackers, lines, duration }: Plan): Due[] {
  const chance = random(seed)
  const below = (limit: number) => Math.floor(chance() * limit)
  const plan: Due[] = []
  const add = (at: number, host: number, ip: string, uri: string) => {
    plan.push({ at, host: host % hosts, line: () => failure(ip, uri) })
  }
  for (let client = 0; client < attackers; client++) {
    for (const [net, failures] of [
      [45, MAX],
      [46, MAX - 1],
    ] as const) {
      const start = chance() * (duration / 2)
      const first = below(hosts)
      for (let i = 0; i < failures; i++) {
        add(start + chance() * (duration / 2), first + i, `${net}.1.${client >> 8}.${client & 255}`, `/${i}`)
      }
    }
  }
  for (let client = 0; plan.length < lines; client++) {
    const [at, host] = [chance() * duration, below(hosts)]
    const repeats = Math.min(1 + below(4), lines - plan.length)
    for (let i = 0; i < repeats; i++)
      add(at, host, `47.${client >> 16}.${(client >> 8) & 255}.${client & 255}`, '/')
  }
  return plan.sort((one, other) => one.at - other.at)
}
