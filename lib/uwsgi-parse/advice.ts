/** How many of our own addresses are told apart. */
const ADDRESSES = 16
/** How many requests say something about a log. */
const ENOUGH = 20

/** Counts a request that came from a private address alone. */
export function countClient(ours: Map<string, number>, ip: string): void {
  const count = ours.get(ip)
  if (count !== undefined) ours.set(ip, count + 1)
  else if (ours.size < ADDRESSES) ours.set(ip, 1)
}

/** What somebody who reads this log should know about it. */
export function advise(tally: { wanted: number; unattributed: number; ours: Map<string, number> }): string[] {
  const { wanted, unattributed, ours } = tally
  if (wanted < ENOUGH) return []
  const advice: string[] = []
  const [address, count = 0] = [...ours].sort((a, b) => b[1] - a[1])[0] ?? []
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
