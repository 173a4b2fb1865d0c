import type { Chain } from './rules.js'
import type { Revision } from './ruleset.js'

/**
 * One table's part of what iptables-restore carries out as a whole.
 *
 * Chains come in descending order of their names, each with its rules: iptables keeps the names of a run in an
 * ascending list that it searches from the beginning, once a rule, so that any other order costs the square of
 * their number (iptables 1.8.9, `cache_chain_list_insert`: 20,000 bans take 3 times as long in ascending order).
 * The name of what lies beneath is the greater one, so a chain stands before the jumps to it.
 * @param hook lines for the built-in chain
 */
export function restoreScript(
  table: string,
  { written, gone }: Revision,
  hook: readonly string[] = [],
): string {
  const chains: Chain[] = [...written, ...gone.map(name => ({ name, rules: [] }))]
  chains.sort((a, b) => (a.name < b.name ? 1 : -1))
  return [
    `*${table}`,
    ...chains.flatMap(({ name, rules }) => [
      // naming a chain makes it, or empties it
      `:${name} - [0:0]`,
      ...rules.map(rule => `-A ${name} ${rule}`),
    ]),
    ...hook,
    ...gone.map(name => `-X ${name}`),
    'COMMIT',
    '',
  ].join('\n')
}
