import { isIP } from 'node:net'
import { parseInstant } from '../record.js'

/** What the window has to know of a request, and where the rest can be read. */
export interface Quick {
  ip: string | null
  /** milliseconds since 1970 */
  time: number
  status: number
  /** the record as it was written */
  line: string
}

/**
 * The shape in which uwsgi-parse writes a request, to the last character: a line of it is valid JSON without
 * being taken apart. Texts with escapes in them are left to the full reader.
 */
const SHAPE =
  /^\{"type":"request","time":"([2-9]\d{3}-\d\d-\d\dT\d\d:\d\d:)([0-5]\d)\.(\d{3})Z","ip":(?:"([0-9a-f:.]{2,45})"|null),"status":([1-9]\d\d),"method":"[^"\\\0-\x1f]*","uri":"[^"\\\0-\x1f]*","protocol":"[^"\\\0-\x1f]*","bytes":(?:0|[1-9]\d{0,14}),"msecs":(?:0|[1-9]\d{0,8})(?:,"via":"[^"\\\0-\x1f]*")?\}$/

/** How many addresses are remembered as such; then it starts anew. */
const CACHE = 32_768

/**
 * Compiles a reader of the lines that uwsgi-parse writes; it gives null for a line of any other shape, be it good or
 * bad, and for one that is not valid.
 */
export function compileQuick(): (line: string) => Quick | null {
  const addresses = new Map<string, string>()
  let minuteText = ''
  let minute = Number.NaN

  /** The address as a text of its own: a slice of a line would keep its whole block alive in the window's table. */
  const ownAddress = (ip: string): string | undefined => {
    const known = addresses.get(ip)
    if (known !== undefined || isIP(ip) === 0) return known
    if (addresses.size >= CACHE) addresses.clear()
    const own = Buffer.from(ip, 'latin1').toString('latin1')
    addresses.set(own, own)
    return own
  }

  return line => {
    const match = SHAPE.exec(line)
    if (!match) return null
    const [, upToMinute = '', seconds, millis, address, status] = match
    if (upToMinute !== minuteText) {
      minute = parseInstant(`${upToMinute}00.000Z`)
      minuteText = upToMinute
    }
    const ip = address === undefined ? null : ownAddress(address)
    if (Number.isNaN(minute) || ip === undefined) return null
    return { ip, time: minute + Number(seconds) * 1000 + Number(millis), status: Number(status), line }
  }
}
