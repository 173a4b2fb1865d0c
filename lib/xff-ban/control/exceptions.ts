import type { Reply } from '../jail/batch.js'

/** How many addresses are named one by one, and how many of each reason beyond that. */
const MAX_SINGLE = 20
const MAX_EXAMPLES = 3

/** What was refused or changes nothing, for people: each with its reason, or, where they are many, each reason once. */
export function exceptions(verb: string, replies: readonly Reply[]): string[] {
  const byReason = new Map<string, { before: string; reason: string; ips: string[] }>()
  let count = 0
  for (const reply of replies) {
    if (reply.type !== 'refused' && reply.type !== 'unchanged') continue
    count += 1
    const before = reply.type === 'refused' ? `refused to ${verb} ` : ''
    const key = `${reply.type} ${reply.reason}`
    const known = byReason.get(key) ?? { before, reason: reply.reason, ips: [] }
    known.ips.push(reply.ip)
    byReason.set(key, known)
  }
  return [...byReason.values()].flatMap(({ before, reason, ips }) => {
    const told = ips.map(ip => JSON.stringify(ip))
    if (count <= MAX_SINGLE) return told.map(ip => `${before}${ip}: ${reason}`)
    const more = told.length > MAX_EXAMPLES ? ` and ${told.length - MAX_EXAMPLES} more` : ''
    return `${before}${told.slice(0, MAX_EXAMPLES).join(', ')}${more}: ${reason}`
  })
}
