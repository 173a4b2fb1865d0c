import { readFileSync } from 'node:fs'
import { codeOf } from '../../../exit.js'
import type { Family } from './listeners.js'

/** The kernel's list of the tables that iptables-legacy has in this network namespace; only root may read it. */
const LISTS: Readonly<Record<Family, string>> = {
  iptables: '/proc/net/ip_tables_names',
  ip6tables: '/proc/net/ip6_tables_names',
}

/**
 * The tables that a family has of iptables-legacy, without asking that, which would make those that it looks for.
 * @returns undefined where that cannot be seen
 */
export function legacyTables(family: Family): string[] | undefined {
  try {
    return readFileSync(LISTS[family], 'latin1').split('\n').filter(Boolean)
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? [] : undefined
  }
}
