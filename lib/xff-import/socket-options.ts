import type { Action } from './action.js'

/** What the front end writes before the client in HTTP, and in the uwsgi protocol; there a name has no colon behind it. */
const HTTP_HEADER = /(?:forwarded-for|real-ip|client-ip): /i
const UWSGI_VARIABLE = /REMOTE_ADDR/

/**
 * `--socket`, as the packets tell in which the jail looks for the client: how the front end reaches uWSGI decides how a
 * line of its log is read.
 * @param comment takes what people have to know of it
 */
export function socketOptions(actions: readonly Action[], comment: (text: string) => void): string[] {
  const patterns = actions.flatMap(action => (action.kind === 'string-match' ? [action.pattern] : []))
  const isHttp = patterns.some(pattern => HTTP_HEADER.test(pattern))
  const isUwsgi = patterns.some(pattern => UWSGI_VARIABLE.test(pattern))
  if (isHttp !== isUwsgi) {
    comment(
      isHttp
        ? 'added: --socket http, since the rule looks for an HTTP header: uWSGI has to have an http-socket'
        : 'added: --socket uwsgi, since the rule looks for a uwsgi variable: log-x-forwarded-for has to be off in uWSGI',
    )
    return ['--socket', isHttp ? 'http' : 'uwsgi']
  }
  comment(
    'missing: how the front end reaches uWSGI, which fail2ban is not told: give uwsgi-parse --ini FILE, --socket http or ' +
      '--socket uwsgi, so that hostile lines are read exactly',
  )
  return []
}
