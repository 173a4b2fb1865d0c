/**
 * The iptables backend in the namespace it runs in: a line of JSON on stdin is a call, a line on stdout what came
 * of it. The bans last a day.
 */
import { createInterface } from 'node:readline'
import { compileMatch } from '../../../lib/xff-ban/backend/iptables/match.js'
import { iptablesBackend } from '../../../lib/xff-ban/backend/iptables.js'

/** What is asked of the backend. */
export interface Call {
  does: 'open' | 'ban' | 'unban' | 'verify' | 'flush'
  ips?: readonly string[]
}

/** What came of it. */
export interface Outcome {
  amiss?: string
  said: readonly string[]
  error?: string
}

const [name = '', match = ''] = process.argv.slice(2)
let said: string[] = []
const backend = iptablesBackend({
  name,
  match: compileMatch(match, false),
  ports: [3031],
  protocol: 'tcp',
  chain: 'INPUT',
  block: undefined,
  hint: '',
  mark: 0x10000000,
  warn: message => said.push(message),
})
const until = Date.now() + 86_400_000
const banOf = (ip: string) => ({ ip, until, record: { type: 'ban' as const, ip } })

async function perform({ does, ips = [] }: Call): Promise<string | undefined> {
  if (does === 'open') await backend.open(ips.map(banOf))
  else if (does === 'ban') await backend.apply(ips.map(ip => ({ ban: banOf(ip) })))
  else if (does === 'unban') await backend.apply(ips.map(ip => ({ unban: ip })))
  else if (does === 'flush') await backend.flush()
  else return backend.reconcile()
  return undefined
}

for await (const line of createInterface({ input: process.stdin })) {
  said = []
  const outcome = await perform(JSON.parse(line)).then(
    amiss => ({ amiss }),
    error => ({ error: String(error) }),
  )
  process.stdout.write(`${JSON.stringify({ ...outcome, said })}\n`)
}
