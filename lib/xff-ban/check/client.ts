import { knownEdge } from '../../net/known-edge.js'
import { ownAddresses } from '../../net/own-addresses.js'
import { isLoopback, isPrivate } from '../../net/private.js'
import type { Reading } from './reading.js'
import type { Answer } from './request.js'
import type { Step } from './verdict.js'

/** Why an address is never banned; undefined where it may be. */
type Reason = (ip: string) => string | undefined

/** Whether the client that the log names is who sent the request. */
export function judgeClient({ ip, isDated, hops }: Reading, { from }: Answer, exempt: Reason): Step {
  const step = 'client'
  const seen = hops.filter(text => !text.startsWith('=>')).join('; ')
  if (!isDated) {
    return {
      step,
      ok: false,
      what: 'the line does not say when it was, or in a way that is not read, and without a time nobody is counted',
      cure: 'a log-format needs %(ltime), %(ctime) or %(time), and the app must not set another locale',
    }
  }
  if (ip === null) {
    return {
      step,
      ok: false,
      what: `the log names no client: ${seen}`,
      cure: cureOfNobody(hops, from),
    }
  }
  const never = exempt(ip)
  if (ip === from) {
    const note = never === undefined ? '' : `; as such it is never banned: ${never}`
    return { step, ok: true, what: `${ip}, which is where the request came from${note}` }
  }
  const edge = knownEdge(ip)
  // what stands left of the client is what it said itself, or what proxies wrote that are not trusted
  const isBehind = from !== undefined && hops.some(text => text.startsWith(`${from}: not looked at`))
  if (edge !== undefined || isBehind) {
    const name = edge === undefined ? 'a proxy that stands in front' : `an edge of ${edge}`
    return {
      step,
      ok: false,
      what: `${ip} is ${name}, and not the client: ${seen}`,
      cure: `--trust ${edge ?? ip} for uwsgi-parse and xff-ban, with --trust private beside it`,
    }
  }
  if (!isLoopback(ip) && ownAddresses().includes(ip)) {
    return {
      step,
      ok: null,
      what: `${ip}, an address of this host: it is the client if a proxy of this host stands in front (docker-proxy), or else the front end`,
      cure:
        'check from another machine, or by another address of this host. If the log names this address for all clients: ' +
        'log-x-forwarded-for is off in uWSGI, or the front end gets its requests by a proxy that hides the clients',
    }
  }
  if (never !== undefined) {
    return {
      step,
      ok: false,
      what: `${ip}, and not ${from ?? 'who asked'}: ${never}`,
      cure:
        'it is the address of a front end: log-x-forwarded-for is off in uWSGI, or the front end sends no ' +
        'X-Forwarded-For (share/doc/xff-jail/front-ends has a page for each)',
    }
  }
  if (from === undefined || isPrivate(from)) {
    return {
      step,
      ok: true,
      what: `${ip}; it should be the address by which ${from ?? 'this host'} is known outside`,
    }
  }
  return {
    step,
    ok: false,
    what: `${ip}, but the request was sent from ${from}: ${seen}`,
    cure: `if ${ip} is a proxy in front: --trust ${ip} for uwsgi-parse and xff-ban, with --trust private beside it`,
  }
}

const OURS = ': ours'

/** What is done about a line that names no client. @param hops what uwsgi-parse says of each, from the right */
function cureOfNobody(hops: readonly string[], from: string | undefined): string {
  const listed = hops.filter(text => !text.startsWith('=>'))
  if (listed.length === 0 || !listed.every(text => text.endsWith(OURS)))
    return 'nobody is banned for such a line: see THREATS.md for what hides a client, and uwsgi-parse --explain'
  return listed.at(-1) === `${from}${OURS}`
    ? `--trust holds ${from}, from where it was sent: check the URL by which clients come, or from another machine`
    : 'trusted proxies alone are in the log: let the front end append to X-Forwarded-For, or take the client from its ' +
        'header (nginx: set_real_ip_from and real_ip_header); or does --trust hold too much?'
}
