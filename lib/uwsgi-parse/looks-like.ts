import { parsedJson, pathTo } from './layout/json.js'
import type { Format } from './layout/log-format.js'
import { readLine } from './layout/reading.js'
import { ownLayouts } from './layout/uwsgi.js'

/** How deep a line is looked for in nested JSON, and in how many members. */
const MAX_DEPTH = 4
const MAX_MEMBERS = 200

/** What compressed files begin with, and the program that shows them. */
const COMPRESSED: readonly (readonly [RegExp, string])[] = [
  // decoded as UTF-8, a byte from 0x80 on is U+FFFD
  [/^\x1f\ufffd/, 'zcat'],
  [/^\(\ufffd\/\ufffd/, 'zstdcat'],
  [/^\ufffd7zXZ\0/, 'xzcat'],
  [/^BZh\d1AY&SY/, 'bzcat'],
]

/** Apache's common and combined formats, as nginx and uWSGI's manual write them too. */
const ACCESS_LOG = /\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "[^"]*" \d{3} (?:\d+|-)/
/** The layout that uWSGI's manual calls its default, as a log-format. */
const MANUAL = /\[?pid: \d+\|app: -\|req: -\/-\]/
const OWN = /\[pid: \d+\|app: -?\d+\|req: -?\d+\/\d+\]/
/** Other servers, by what stands in no other log. */
const SERVERS: readonly (readonly [RegExp, string])[] = [
  [/ \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] /, 'a log of HAProxy: --layout haproxy'],
  [/ - - \[\d\d\/[A-Z][a-z]{2}\/\d{4} \d\d:\d\d:\d\d\] "/, 'a log of werkzeug: --layout werkzeug'],
  [/^(?:https?|h2|wss?) \d{4}-\d\d-\d\dT[\d:.]+Z app\//, 'a log of a load balancer of AWS: --layout alb'],
]
/** A method and a status in any order, as in a log-format of somebody's own. */
const METHOD = /\b(?:GET|POST|HEAD|PUT|PATCH|DELETE|OPTIONS|PROPFIND)\b/
const STATUS = /(?<![\d.])[1-5]\d\d(?![\d.])/

/** What uWSGI says when it starts, and beside requests. */
const UWSGI_ITSELF =
  /^(?:\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} - )?(?:\*{3} |\[uWSGI\]|uwsgi |uWSGI |compiled with |os: |nodename: |machine: |clock source: |pcre |detected |current working directory: |your |thunder lock: |mapped \d|spawned |WSGI app \d|Python |PEP 405|set(?:gid|uid|gid\(\)|uid\(\))\b|chdir\(\)|lock engine: |dropping |threads support |--- no python application|SIG|worker \d|goodbye to uWSGI|gracefully |\.\.\.|Respawned |DAMN |Traceback | {2}File "| {4}|\s*$)/

/** Whether a line is one that uWSGI, or a traceback, writes beside the requests. */
export function isOfUwsgiItself(line: string): boolean {
  return UWSGI_ITSELF.test(line)
}

/** Whether a log is compressed, so that no line of it can be shown. */
export function isCompressed(line: string): boolean {
  return COMPRESSED.some(([magic]) => magic.test(line))
}

/** What a line looks like that is no request of a format, and how it can be read; undefined where nothing is known. */
export function looksLike(line: string, { isOwn }: Pick<Format, 'isOwn'>): string | undefined {
  const program = COMPRESSED.find(([magic]) => magic.test(line))?.[1]
  if (program !== undefined) return `It is compressed: ${program} FILE | uwsgi-parse`
  if (line.startsWith('{')) return looksLikeJson(line)
  if (MANUAL.test(line))
    return 'It looks like the "default logging" of uWSGI\'s manual with changes: --ini uwsgi.ini'
  if (OWN.test(line)) {
    return isOwn
      ? "It begins like a line of uWSGI's own layout and does not end like one: a terminal or a logger has cut or changed it"
      : "It looks like uWSGI's own layout, without a log-format"
  }
  const server = SERVERS.find(([looks]) => looks.test(line))?.[1]
  if (server !== undefined) return `It looks like ${server}`
  if (ACCESS_LOG.test(line)) {
    return (
      'It looks like an access log of nginx or Apache: --layout nginx, --layout apache; or, if uWSGI wrote it, like a ' +
      'log-format: --ini uwsgi.ini'
    )
  }
  if (!METHOD.test(line) || !STATUS.test(line)) return undefined
  return isOwn
    ? 'It looks like a log-format of your own: --ini uwsgi.ini, or --log-format'
    : 'It looks like another log-format than this one'
}

function looksLikeJson(line: string): string | undefined {
  const value = parsedJson(line)
  if (value === undefined) {
    const [, name] = /"([\w.@-]{1,40})":\s?"[^"{]{0,200}\[pid: /.exec(line) ?? []
    return name === undefined ? undefined : `It looks like broken JSON with log lines in it: --field ${name}`
  }
  const path = pathTo(value, text => isLine(text.trimEnd()), { depth: MAX_DEPTH, members: MAX_MEMBERS })
  if (path !== undefined) return `It is JSON with the log line in a member: --field ${path.join('.')}`
  if (/"logger":"http\.log\.access/.test(line)) return 'It looks like a log of Caddy: --layout caddy'
  if (line.includes('"ClientHost":') && line.includes('"DownstreamStatus":'))
    return 'It looks like a log of Traefik: --layout traefik'
  return 'It is JSON: --ini uwsgi.ini if uWSGI wrote it, --field NAME if a collector keeps the line in a member'
}

/** Whether a text is a line of uWSGI's own layout, or of an access log. */
function isLine(text: string): boolean {
  return ownLayouts().some(layout => readLine(text, layout)) || ACCESS_LOG.test(text) || OWN.test(text)
}
