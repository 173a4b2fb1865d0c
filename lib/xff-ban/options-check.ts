import { flag, type Option, single, type Values } from '../cli/options/option.js'
import { duration, oneOf, text } from '../cli/options/values.js'

/** How long each step of a check may take, in seconds. */
export const WAIT_S = 10

/** The options of `xff-ban check` alone: where the log is and how it is read, as uwsgi-parse has them, and what may be done. */
export const CHECK_OPTIONS = {
  log: only(single('FILE', 'log of the app, in which the request has to appear', text)),
  ini: only(single('FILE', 'as of uwsgi-parse', text)),
  'log-format': only(single('FORMAT', 'as of uwsgi-parse', text)),
  socket: only(single('PROTOCOL', 'as of uwsgi-parse', oneOf('http', 'uwsgi'))),
  layout: only(single('SERVER', 'as of uwsgi-parse', text)),
  address: only(single('NAME', 'as of uwsgi-parse', text)),
  field: only(single('NAME', 'as of uwsgi-parse', text)),
  wait: only({
    ...single('TIME', 'how long to wait for each step', duration(1, 300)),
    defaultText: `${WAIT_S}s`,
  }),
  really: only(
    flag('ban the address from which the request comes, for a few seconds, and see whether it is refused'),
  ),
}

export type CheckOptions = Values<typeof CHECK_OPTIONS>

function only<T>(option: Option<T>): Option<T> {
  return { ...option, only: 'check' }
}
