import { counted, numbered } from '../text/counted.js'
import type { Answer } from '../wire/field.js'
import { problemName } from '../wire/problem.js'
import type {
  AnyRecord,
  BanRecord,
  HeldRecord,
  RequestRecord,
  StatusRecord,
  UnbanRecord,
} from '../wire/record.js'

export interface SentenceOptions {
  /** which statuses are failures; a request without a status always is one */
  failing: (status: number) => boolean
  /** makes a text from outside safe for a terminal */
  safe: (text: string) => string
}

/** What a record of any stage says, in one sentence with its time in front. */
export function sentenceOf(record: AnyRecord, options: SentenceOptions): string {
  const time = 'time' in record && typeof record.time === 'string' ? `${moment(record.time)}  ` : ''
  return `${time}${options.safe(partsOf(record, options).filter(Boolean).join(', '))}`
}

type Parts = (string | undefined | false)[]

/** What is said, cut where commas stand; texts from outside as they are. */
function partsOf(record: AnyRecord, { failing }: SentenceOptions): Parts {
  switch (record.type) {
    case 'request':
      return requestParts(record, record.status === undefined || failing(record.status))
    case 'tally':
      return [
        `until then ${counted(record.requests, 'request')} in the log`,
        `${counted(record.failures, 'failure')} and ${counted(record.errors, 'server error')} of them`,
        `by at least ${counted(record.clients, 'client')}`,
      ]
    case 'ban':
      return banParts(record)
    case 'held':
      return [
        `the ban of ${record.ip} is held back until ${moment(record.falls)}: ${record.reason}`,
        ...causeOf(record),
      ]
    case 'release':
      return [`the ban of ${record.ip} that is held back is to fall now`]
    case 'drop':
      return [`the ban of ${record.ip} that is held back is to be forgotten`]
    case 'hit':
      return [`${counted(record.hits, 'packet')} of ${record.ip} stopped since its ban began`]
    case 'unban':
      return unbanParts(record)
    case 'allow':
      return [
        `${record.ip} is not to be banned${ending(record.until, ' until somebody says otherwise')}`,
        record.note,
        by(record),
      ]
    case 'disallow':
      return [
        `${record.ip} may be banned again: ${record.reason === 'expired' ? 'what allowed it is over' : 'somebody asked for it'}`,
        record.note,
        by(record),
      ]
    case 'problem':
      return [`${problemName(record)}: ${record.reason}`]
    case 'status':
      return statusParts(record)
    case 'refused':
      return [`${record.ip || 'a request'} is refused: ${record.reason}`]
    case 'unchanged':
      return [`nothing changes for ${record.ip || 'a request'}: ${record.reason}`]
  }
}

function requestParts(record: RequestRecord, isFailure: boolean): Parts {
  const { ip, status, time, via } = record
  const answer = status === undefined ? 'no answer' : String(status)
  const what = `${ip ?? 'an unknown client'} got ${answer} for ${requestText(record) || 'a request'}`
  if (!isFailure) return [`${what}: no failure`]
  if (ip !== null) return [`${what}: a failure, which counts for it`]
  const why =
    time === null ? 'its time cannot be read' : via === undefined ? 'no address' : `of "${via}" none is sure`
  return [`${what}: a failure, which counts for nobody (${why})`]
}

function banParts(ban: BanRecord): Parts {
  const { ip, until, count, reason, hits, lasts } = ban
  const nth = count !== undefined && count > 1 && `its ban number ${count}`
  const whole =
    until === undefined
      ? `${ip} is to be banned${lasts === undefined ? '' : ` for ${lasts} s`}`
      : `${ip} is banned${ending(until)}`
  const stopped = hits !== undefined && `${counted(hits, 'packet')} stopped`
  return [whole, nth, ...causeOf(ban), reason, by(ban), stopped]
}

/** What led to a ban. */
function causeOf({ failures, since, last, rule }: BanRecord | HeldRecord): Parts {
  const last_ = last && [last.status, requestText(last)].filter(Boolean).join(' ')
  return [
    failures !== undefined &&
      `after ${counted(failures, 'failure')}${since === undefined ? '' : ` since ${moment(since)}`}`,
    last_ ? `the last of them ${last_}` : undefined,
    rule !== undefined && `by rule ${rule}`,
  ]
}

/** Why a ban ended, by the `reason` of its record. */
const ENDS: ReadonlyMap<string, string> = new Map([
  ['expired', 'its time is over'],
  ['asked', 'somebody asked for it'],
  ['allowed', 'it is allowed'],
  ['evicted', 'there were more bans than --max-bans'],
])

function unbanParts({ ip, reason, until, by: who, time }: UnbanRecord): Parts {
  const why = reason === undefined ? undefined : (ENDS.get(reason) ?? reason)
  const ended = time === undefined ? 'is to be unbanned' : 'is not banned any more'
  return [
    `${ip} ${ended}${why === undefined ? '' : `: ${why}`}`,
    by({ by: who }),
    until !== undefined && `and is not banned again before ${moment(until)}`,
  ]
}

function statusParts(status: StatusRecord): Parts {
  const { since, way, failing, newest, rate, held, ineffective, in_force, max_bans } = status
  if (in_force === undefined && since === undefined) return ['somebody asks how xff-ban is']
  return [
    since === undefined ? 'xff-ban runs' : `xff-ban runs since ${moment(since)}`,
    way !== undefined && `bans by ${way}`,
    failing !== undefined && `which fails: ${failing}`,
    in_force !== undefined &&
      `${counted(in_force, 'ban')} in force${max_bans === undefined ? '' : ` of at most ${max_bans}`}`,
    held ? `${held} held back` : undefined,
    ineffective
      ? `${counted(ineffective, 'banned address', 'banned addresses')} ${numbered(ineffective, 'goes', 'go')} on failing`
      : undefined,
    newest === undefined ? 'no record so far' : `the newest record of ${moment(newest)}`,
    rate !== undefined && `${rate} requests a second`,
  ]
}

function ending(until: string | undefined, without = ''): string {
  return until === undefined ? without : ` until ${moment(until)}`
}

function by({ by: who }: { by?: string | undefined }): string | undefined {
  return who === undefined ? undefined : `by ${who}`
}

function requestText({ method, uri }: Pick<Answer, 'method' | 'uri'>): string {
  return [method, uri].filter(part => part !== undefined).join(' ')
}

/** `2026-11-22 14:06:08Z` */
function moment(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 19)}Z`
}
