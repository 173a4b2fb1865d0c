import { formatInstant } from '../wire/instant.js'
import { encodeLine } from '../wire/jsonl.js'
import type { BanRecord } from '../wire/record.js'
import type { RuledBan } from './judge.js'
import type { Failure } from './stage.js'

/** The record of a ban that a failure made, as a line. */
export function banLine(failure: Failure, ban: RuledBan): string {
  return encodeLine(banRecord(failure, ban))
}

function banRecord({ key, time, request }: Failure, ban: RuledBan): BanRecord {
  const { failures, since, rule, lasts, hosts, reason } = ban
  const { status, method, uri } = request
  return {
    type: 'ban',
    time: formatInstant(time),
    ip: key,
    ...(failures === undefined ? {} : { failures }),
    since: formatInstant(since),
    last: {
      ...(status === undefined ? {} : { status }),
      ...(method === undefined ? {} : { method }),
      ...(uri === undefined ? {} : { uri }),
    },
    ...(rule === undefined ? {} : { rule }),
    ...(lasts === undefined ? {} : { lasts }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(reason === undefined ? {} : { reason }),
  }
}
