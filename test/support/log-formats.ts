/** Log-formats as people have them, for tests and benches. */

/** As nginx and Apache write `combined`. */
export const COMBINED =
  '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(referer)" "%(uagent)"'
/** One JSON object a line. */
export const JSON_FORMAT =
  '{"time":"%(ftime)","ip":"%(addr)","status":%(status),"method":"%(method)","uri":"%(uri)","size":%(size),"msecs":%(msecs)}'
/** The log-date of JSON_FORMAT. */
export const JSON_DATE = '%Y-%m-%dT%H:%M:%S%z'
