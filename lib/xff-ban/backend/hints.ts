/** Why packets of a banned client can pass, by what is looked for in them: the likeliest first. */
const CAUSES: Readonly<Record<string, readonly string[]>> = {
  http: [
    'the front end speaks uwsgi_pass (--match uwsgi)',
    'another proxy stands in between (--match behind:PROXY)',
    'the client is in a header of another name (--match TEXT)',
  ],
  haproxy: [
    'the front end is nginx (--match http)',
    'the client is in a header of another name (--match TEXT)',
  ],
  uwsgi: [
    'the front end speaks HTTP (--match http)',
    'its uwsgi_params set REMOTE_ADDR to something else (--match TEXT)',
  ],
  behind: ['the inner proxy has another address', 'the outer one does not set X-Forwarded-For'],
  recipe: ['no front end writes a comma behind the last address (--match http)'],
}

/** What the user's own text can be wrong about. */
const OWN_TEXT = ['no packet holds the text of --match']

const ALWAYS = [
  'the traffic is not on --port',
  'it is TLS, HTTP/2 or a unix socket between front end and app, where packets show nothing',
]

/** What may be in a header that the front end does not set. */
const LISTS = ['http', 'nginx', 'behind']
const APPENDED = 'the front end appends to what the client sent (--appended)'
const MAPPED = 'a dual-stack listener writes IPv4 clients as ::ffff:1.2.3.4 (--mapped)'

/** The likely causes for a `--match` of the user's, for people to read. */
export function matchHint(match: string, mapped: boolean, appended: boolean): string {
  const preset = match.startsWith('behind:') ? 'behind' : match
  const own = Object.hasOwn(CAUSES, preset) ? (CAUSES[preset] as readonly string[]) : OWN_TEXT
  const list = LISTS.includes(preset) && !appended ? [APPENDED] : []
  return [...own, ...list, ...(mapped ? [] : [MAPPED]), ...ALWAYS].join('; or ')
}

/** The same for the kernel program, which knows more of what it reads. */
export function packetHint(protocol: 'http' | 'uwsgi'): string {
  const own =
    protocol === 'http'
      ? [
          'the front end speaks uwsgi_pass (--uwsgi REMOTE_ADDR)',
          'the client is in another header (--header)',
        ]
      : ['the front end speaks HTTP (no --uwsgi)', 'the client is in another variable (--uwsgi)']
  return [...own, 'uwsgi-parse has another --trust or --hops', ...ALWAYS].join('; or ')
}
