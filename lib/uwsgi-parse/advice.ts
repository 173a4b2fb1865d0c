import type { Format } from './layout/log-format.js'
import { OWN_LOG_FORMAT } from './layout/uwsgi.js'
import type { Tally } from './tally.js'

/** How many requests say something about a log. */
const MIN_REQUESTS = 20

/** What somebody who reads this log should know about it. */
export function advise(
  { wanted, unattributed, doubts, privateClients, damaged }: Tally,
  { isOwn, socket }: Pick<Format, 'isOwn' | 'socket'>,
): string[] {
  if (wanted < MIN_REQUESTS) return []
  const advice: string[] = []
  const isMuch = (count: number) => count > wanted * 0.01
  const [address, count = 0] = [...privateClients].sort((a, b) => b[1] - a[1])[0] ?? []
  if (count > wanted * 0.9) {
    advice.push(
      `nearly all requests (${count} of ${wanted}) come from ${address}, which is ours: ` +
        'log-x-forwarded-for seems to be off in uWSGI, or the front end sends no X-Forwarded-For',
    )
  }
  const tooLong = doubts.get('too long') ?? 0
  if (isMuch(tooLong)) {
    advice.push(
      `the client of ${tooLong} of ${wanted} requests cannot be known, since they are longer than the 4096 bytes in ` +
        'which uWSGI writes a line: whoever sends a long URL hides. Give uWSGI this log-format, which has no such limit ' +
        `and is read without any option: ${OWN_LOG_FORMAT}`,
    )
  }
  const cut = (doubts.get('cut') ?? 0) + (doubts.get('rest') ?? 0) + damaged
  if (isMuch(cut)) {
    advice.push(
      `${cut} lines may have been cut by a logger, so that a client chose where they end: let uWSGI write to a file, ` +
        'and set log-master-bufsize = 65536 where it has a log-format; then read it with --ini',
    )
  }
  const headers = doubts.get('too many headers') ?? 0
  if (isMuch(headers)) {
    advice.push(
      `${headers} of ${wanted} requests have more headers than uWSGI takes, so that it does not know their client: ` +
        'set max-vars = 256 in uWSGI, or a limit of headers in the front end',
    )
  }
  const lacking = doubts.get('no header') ?? 0
  if (isMuch(lacking)) {
    advice.push(
      `${lacking} of ${wanted} requests came without X-Forwarded-For, so that their client is unknown: ` +
        'let the front end send it, and let nobody else reach the port of uWSGI',
    )
  }
  const others =
    unattributed - tooLong - (doubts.get('cut') ?? 0) - (doubts.get('rest') ?? 0) - headers - lacking
  if (isMuch(others)) advice.push(adviseOnReadings(others, wanted, isOwn ? socket : 'any'))
  return advice
}

function adviseOnReadings(count: number, wanted: number, socket: Format['socket'] | 'any'): string {
  if (socket === 'uwsgi') {
    return (
      `the client of ${count} of ${wanted} requests cannot be known: with --socket uwsgi, ` +
      'log-x-forwarded-for has to be off in uWSGI'
    )
  }
  const exact =
    socket === undefined
      ? 'Tell uwsgi-parse how the front end reaches uWSGI, by --ini FILE, --socket http or --socket uwsgi: then such ' +
        'lines are read exactly. And let '
      : 'Let '
  return (
    `the client of ${count} of ${wanted} requests cannot be known: somebody may hide behind a header that ` +
    `holds pieces of a log line. ${exact}the front end replace what clients send: nginx ` +
    '"proxy_set_header X-Forwarded-For $remote_addr", HAProxy "http-request del-header ^x[-_]forwarded[-_]for$ -m reg"'
  )
}
