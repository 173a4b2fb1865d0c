import type { BanRecord } from '../../wire/record.js'

/** A ban in force. */
export interface Ban {
  /** canonical address or prefix */
  ip: string
  /** when it ends, in milliseconds since 1970 */
  until: number
  /** as it was carried out, `until` and `count` included */
  record: BanRecord
}
