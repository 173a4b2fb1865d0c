import { flag, group, single, type Values } from '../cli/options/option.js'
import { duration, oneOf, text } from '../cli/options/values.js'

/** How long each step of a check may take, in seconds. */
export const WAIT_S = 10

/** The options of `xff-ban check` alone: where the log is and how it is read, as uwsgi-parse has them, and what may be done. */
export const CHECK_OPTIONS = group(
  'With check',
  {
    log: single('FILE', 'log of the app, in which the request has to appear', text),
    ini: single('FILE', 'as of uwsgi-parse', text),
    'log-format': single('FORMAT', 'as of uwsgi-parse', text),
    socket: single('PROTOCOL', 'as of uwsgi-parse', oneOf('http', 'uwsgi')),
    layout: single('SERVER', 'as of uwsgi-parse', text),
    address: single('NAME', 'as of uwsgi-parse', text),
    field: single('NAME', 'as of uwsgi-parse', text),
    wait: {
      ...single('TIME', 'how long to wait for each step', duration(1, 300)),
      defaultText: `${WAIT_S}s`,
    },
    really: flag(
      'ban the address from which the request comes, for a few seconds, and see whether it is refused',
    ),
  },
  ['check'],
)

export type CheckOptions = Values<typeof CHECK_OPTIONS>
