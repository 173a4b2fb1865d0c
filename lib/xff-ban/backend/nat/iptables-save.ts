import { isIP } from 'node:net'
import type { NatRule, NatTable, Verdict } from './rules.js'

/** Reads the nat table of what iptables-save prints. */
export function readIptablesNat(saved: string): NatTable {
  const chains = new Map<string, NatRule[]>()
  let isNat = false
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) isNat = line === '*nat'
    if (!isNat || !line.startsWith('-A ')) continue
    const [, chain = ''] = line.split(' ', 2)
    const rule = readRule(line)
    if (!rule) continue
    const rules = chains.get(chain)
    if (rules) rules.push(rule)
    else chains.set(chain, [rule])
  }
  return { roots: ['PREROUTING', 'OUTPUT'], chains }
}

function readRule(line: string): NatRule | undefined {
  const words = line.split(' ')
  const after = (word: string) => words[words.indexOf(word) + 1] ?? ''
  if (words.includes('-p') && after('-p') !== 'tcp') return undefined
  const verdict = verdictOf(after('-j') || after('-g'), words, after)
  if (!verdict) return undefined
  // not `! --dport`
  const at = words.indexOf('--dport')
  if (at < 0) return { verdict }
  if (words[at - 1] === '!') return undefined
  const [first = '', last = first] = after('--dport').split(':')
  return { ports: [Number(first), Number(last)], verdict }
}

function verdictOf(
  target: string,
  words: readonly string[],
  after: (word: string) => string,
): Verdict | undefined {
  if (target === 'DNAT') return readDestination(after('--to-destination'))
  if (target === 'REDIRECT') {
    const port = words.includes('--to-ports') ? Number.parseInt(after('--to-ports'), 10) : Number.NaN
    return Number.isNaN(port) ? undefined : { redirect: port }
  }
  return /^[A-Z]+$/.test(target) && TARGETS.has(target) ? undefined : { jump: target }
}

/** What is no chain. */
const TARGETS = new Set(['ACCEPT', 'RETURN', 'MASQUERADE', 'SNAT', 'MARK', 'LOG', 'CONNMARK', 'DROP'])

/** `172.17.0.2:3031`, `172.17.0.2`, `[fd00::2]:3031`, `fd00::2`, `10.88.0.2:8000-8010/8000`. */
function readDestination(text: string): Verdict | undefined {
  if (isIP(text) !== 0) return { address: text }
  const isBracketed = text.startsWith('[')
  const end = text.indexOf(isBracketed ? ']' : ':')
  if (end < 0) return undefined
  const address = isBracketed ? text.slice(1, end) : text.slice(0, end)
  const ports = text.indexOf(':', end)
  if (ports < 0) return { address }
  const port = Number.parseInt(text.slice(ports + 1), 10)
  return { address, port, ...(text.includes('-', ports) ? { isRange: true } : {}) }
}
