import { excerpt } from '../text/printable.js'
import { hopAddress } from './client.js'
import { type Format, tellsTime } from './layout/log-format.js'
import { OWN_LOG_FORMAT } from './layout/uwsgi.js'
import type { Tally } from './tally.js'

/** How many requests say something about a log. */
const MIN_REQUESTS = 20

/** What somebody who reads this log should know about it. */
export function advise(
  { wanted, unattributed, doubts, privateClients, damaged, unknownSlots, trustedAlone }: Tally,
  format: Format,
): string[] {
  const { isOwn, socket } = format
  // one that tells no time at all was told of at the start
  const undated = tellsTime(format) ? (doubts.get('no time') ?? 0) : 0
  if (unattributed > 0 && !tellsTime(format)) return []
  const beginning = undated < unattributed ? commonBeginning(unknownSlots) : undefined
  // with these nobody can be banned, however many requests there are
  const isBlind = wanted > 0 && unattributed === wanted
  if (isBlind && undated === wanted) return [adviseOnTimes(undated, wanted)]
  if (isBlind && beginning !== undefined) return [adviseOnBeginning(unattributed, wanted, beginning)]
  if (wanted < MIN_REQUESTS) return []
  const advice = trustedAlone.about()
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
  if (isMuch(undated)) advice.push(adviseOnTimes(undated, wanted))
  const others =
    unattributed -
    undated -
    tooLong -
    (doubts.get('cut') ?? 0) -
    (doubts.get('rest') ?? 0) -
    headers -
    lacking
  if (isMuch(others) && beginning !== undefined) advice.push(adviseOnBeginning(others, wanted, beginning))
  else if (isMuch(others) && !trustedAlone.isTold())
    advice.push(adviseOnReadings(others, wanted, isOwn ? socket : 'any'))
  return advice
}

function adviseOnTimes(count: number, wanted: number): string {
  return (
    `the time of ${count} of ${wanted} requests cannot be read, so that they do not count: log %(epoch), %(ltime), ` +
    'or ISO 8601 in a variable of your app'
  )
}

/** What all of some address slots begin with, before what is an address; undefined where that differs or is nothing. */
function commonBeginning(slots: readonly string[]): string | undefined {
  const beginnings = slots.map(slot => {
    const last = slot.split(',', 1)[0] ?? ''
    const at = Math.max(last.lastIndexOf(' '), last.lastIndexOf('|'), last.lastIndexOf(']')) + 1
    return at > 0 && hopAddress(last.slice(at)) !== null ? last.slice(0, at) : undefined
  })
  const [first] = beginnings
  return beginnings.every(one => one !== undefined && one.trim() !== '') ? first : undefined
}

function adviseOnBeginning(count: number, wanted: number, beginning: string): string {
  return (
    `the client of ${count} of ${wanted} requests cannot be read, since each line begins with other text ` +
    `("${excerpt(beginning, 80)}"): read the log without it ("docker compose logs --no-log-prefix", "journalctl -o cat", ` +
    'an encoder that only --ini uwsgi.ini tells of)'
  )
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
