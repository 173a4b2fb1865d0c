import { networkInterfaces } from 'node:os'

/** The addresses of this host at the moment, as the system writes them. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap(some => (some ?? []).map(({ address }) => address))
}
