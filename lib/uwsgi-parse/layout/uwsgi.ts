import type { Layout } from './reading.js'

/**
 * uWSGI's own layout (core/logging.c, uwsgi_logit_simple; `async` in uWSGI 1.x):
 *
 *     [pid: 7|app: 0|req: 1/1] ADDR (USER) {24 vars in 250 bytes} [DATE] METHOD URI
 *         => generated 3 bytes in 0 msecs via route() (PROTOCOL STATUS) 2 headers in 64 bytes (1 switches on core 0)
 *
 * It may stand behind other text, as with --vhost or what a log collector adds.
 */
export const OWN_LAYOUT: Layout = {
  segments: [
    {
      literal: '[pid: ',
      rest: /\d{1,10}\|app: -?\d{1,10}\|req: -?\d{1,20}\/\d{1,20}\] /y,
      fields: [],
    },
    { literal: ' (', rest: null, fields: [] },
    {
      literal: ') {',
      rest: /\d{1,10} vars in \d{1,20} bytes\} \[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\] ([^ ]*) /y,
      fields: ['ctime', 'method'],
    },
    {
      literal: ' => generated ',
      rest: /(\d{1,20}) bytes in (?:(\d{1,20}) msecs|(\d{1,20}) micros)(?: via [a-z]{1,20}\(\))? \(([^ ()]*) (-?\d{1,10})\) \d{1,10} headers in \d{1,20} bytes \(\d{1,10} (?:async )?switches on (?:async )?core -?\d{1,10}\)$/y,
      fields: ['rsize', 'msecs', 'micros', 'proto', 'status'],
    },
  ],
  texts: ['addr', 'user', 'uri'],
}
