/** By it, jails know each other's jumps: else each of them would move its own to the front for ever. */
const COMMENT = 'xff-ban'

export interface Hook {
  /** the built-in chain that jumps to ours, as INPUT */
  chain: string
  /** our first chain */
  name: string
  protocol: string
  ports: readonly number[]
}

/**
 * The lines that put the jumps to our chain first, one for each port.
 * @param jumps those that there are now, from whatever chain
 */
export function insertJumps({ chain, name, protocol, ports }: Hook, jumps: readonly string[]): string[] {
  return [
    ...removeJumps(jumps),
    ...ports.map(
      port =>
        `-I ${chain} 1 -p ${protocol} -m ${protocol} --dport ${port} -m comment --comment ${COMMENT} -j ${name}`,
    ),
  ]
}

export function removeJumps(jumps: readonly string[]): string[] {
  return jumps.map(rule => rule.replace(/^-A/, '-D'))
}

/**
 * What is wrong with the jumps: an ACCEPT before them would let everybody in.
 * @param current the rules of the built-in chain in their order
 */
export function problemWithJumps(hook: Hook, current: readonly string[]): string | undefined {
  const ours = current.filter(rule => isOurs(hook, rule))
  if (ours.length === 0) return `the jump from ${hook.chain} was gone`
  const ports = ours.map(rule => Number(/ --dport (\d+) /.exec(rule)?.[1]))
  const missing = hook.ports.filter(port => !ports.includes(port))
  if (missing.length > 0) return `the jump from ${hook.chain} for port ${missing.join(' and ')} was gone`
  if (ours.length > hook.ports.length) return `there were ${ours.length} jumps from ${hook.chain}`
  const last = current.lastIndexOf(ours.at(-1) as string)
  const foreign = current.slice(0, last).find(rule => !isOurs(hook, rule) && !isOfJail(rule))
  if (foreign !== undefined) return `the jump from ${hook.chain} was not the first: ${foreign} came before it`
  return undefined
}

function isOurs({ chain, name }: Hook, rule: string): boolean {
  return rule.startsWith(`-A ${chain} `) && rule.endsWith(` -j ${name}`)
}

function isOfJail(rule: string): boolean {
  return / --comment "?xff-ban"? -j /.test(rule)
}
