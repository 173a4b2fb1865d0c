import type { Encoding } from './layout/encoder.js'
import { parsedJson, pathTo } from './layout/json.js'
import { compileFormat, type Format, type LogFormat, ownFormat } from './layout/log-format.js'
import { type LayoutName, namedFormat } from './layout/named.js'
import type { Socket } from './layout/uwsgi.js'
import type { LogSettings } from './settings/log-settings.js'

/** What the options of the command say of the log. */
export interface Given {
  layout: LayoutName | undefined
  field: string | undefined
  address: string | undefined
  socket: Socket | undefined
  cut: number | undefined
  'log-format': string | undefined
  'log-format-strftime': boolean
  'log-date': string | undefined
}

export interface Chosen {
  format: Format
  /** the member that holds the line, where the lines are JSON */
  field: string | undefined
  /** what people should know */
  doubt: string | undefined
}

/**
 * The format that the options and the configuration of uWSGI describe; the options come first.
 * @throws RangeError that names the option
 */
export function chooseFormat(given: Given, settings: LogSettings | undefined): Chosen {
  if (given.layout !== undefined) {
    if (
      settings ||
      given['log-format'] !== undefined ||
      given.address !== undefined ||
      given.socket !== undefined
    )
      throw new RangeError(
        '--layout excludes --ini, --log-format, --address and --socket, which are of uWSGI',
      )
    const format = namedFormat(given.layout, { cutAt: given.cut, isSplit: given.cut !== undefined })
    return { format, field: given.field, doubt: undefined }
  }
  const string = given['log-format'] ?? settings?.format
  // a member is named by hand, or found in the template: then the encoder is done with
  const isOwn = string === undefined
  const encoding = given.field === undefined ? settings?.encoding : undefined
  const field = given.field ?? (isOwn && encoding?.isEscaped ? memberOf(encoding) : undefined)
  const said: Omit<LogFormat, 'format'> = {
    strftime: given['log-format-strftime'] || (settings?.strftime ?? false),
    logDate: given['log-date']?.replaceAll('%%', '%') ?? settings?.logDate,
    forwarded: settings?.forwarded,
    socket: given.socket ?? settings?.socket,
    cutAt: given.cut ?? settings?.cutAt,
    isSplit: given.cut !== undefined || (settings?.isSplit ?? false),
    encoded: field !== undefined,
    encoding: field === undefined ? encoding : undefined,
    address: given.address,
  }
  const option = settings ? '--ini: log-format: ' : '--log-format: '
  const format = isOwn
    ? prefixed('--address: ', () => ownFormat(said))
    : prefixed(option, () => compileFormat({ ...said, format: string }))
  const isOpen = format.isOwn && format.socket === undefined && settings?.socketDoubt !== undefined
  const doubt = isOpen
    ? `--ini: ${settings.socketDoubt}: give --socket http or --socket uwsgi, so that hostile lines are read exactly`
    : undefined
  return { format, field, doubt }
}

function prefixed<T>(option: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new RangeError(error.message.startsWith('--') ? error.message : option + error.message)
  }
}

/**
 * The path to the member of an encoder's template that holds the log line, with dots.
 * @throws RangeError where it is not the whole of a member
 */
function memberOf({ before, after }: Encoding): string {
  const text = (parts: Encoding['before']) =>
    parts.map(part => (typeof part === 'string' ? part : '0')).join('')
  const template = parsedJson(`${text(before)}${MESSAGE}${text(after)}`)
  const path = pathTo(template, one => one === MESSAGE, UNBOUNDED)
  if (path) return path.join('.')
  throw new RangeError(
    '--ini: the JSON of the encoder has no member that is the message (msg) alone: give --field with its name',
  )
}

/** A template is as long as a configuration may be. */
const UNBOUNDED = { depth: Number.POSITIVE_INFINITY, members: Number.POSITIVE_INFINITY }

/** What stands for the message in a template. */
const MESSAGE = 'the message of the log'
