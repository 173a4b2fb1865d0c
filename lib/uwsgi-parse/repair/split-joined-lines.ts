/**
 * What stands between NULs in a line of uWSGI's own layout. A record that fills the 4096 bytes of its buffer (core/logging.c,
 * uwsgi_logit_simple) ends in NUL where the newline should be, so that the next one is joined to it; but a NUL may also
 * be a client's: in the Host header with --vhost, and in every variable of a log-format.
 */
export function splitJoinedLines(line: string): readonly string[] {
  return line.includes('\0') ? line.split('\0') : [line]
}
