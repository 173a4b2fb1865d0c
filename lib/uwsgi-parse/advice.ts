import type { Tally } from './tally.js'

/** How many requests say something about a log. */
const MIN_REQUESTS = 20

/** What somebody who reads this log should know about it. */
export function advise({
  wanted,
  unattributed,
  privateClients,
}: Pick<Tally, 'wanted' | 'unattributed' | 'privateClients'>): string[] {
  if (wanted < MIN_REQUESTS) return []
  const advice: string[] = []
  const [address, count = 0] = [...privateClients].sort((a, b) => b[1] - a[1])[0] ?? []
  if (count > wanted * 0.9) {
    advice.push(
      `nearly all requests (${count} of ${wanted}) come from ${address}, which is ours: ` +
        'log-x-forwarded-for seems to be off in uWSGI, or the front end sends no X-Forwarded-For',
    )
  }
  if (unattributed > wanted * 0.01) {
    advice.push(
      `the client of ${unattributed} of ${wanted} requests cannot be known: somebody may hide behind a header that ` +
        'holds pieces of a log line, or is too long to be logged. Let the front end replace what clients send: nginx ' +
        '"proxy_set_header X-Forwarded-For $remote_addr", HAProxy "http-request del-header ^x[-_]forwarded[-_]for$ -m reg"',
    )
  }
  return advice
}
