import { type Fields, optional, required } from './field.js'

/**
 * The records that flow between the commands, and over the control socket of xff-ban: one JSON object a line.
 *
 *     log line -> uwsgi-parse -> request -> xff-window -> ban -> xff-ban -> ban, unban
 *
 * This table is their only definition: the types, the reader and the JSON Schema are made from it.
 * Field order here is field order on the wire.
 */
export const RECORDS = {
  /** one line of the log as it was answered */
  request: {
    type: required('type'),
    /** when the answer was written; null when the log does not tell, and then so is ip */
    time: required('instant', 'null'),
    /** the client in canonical text (RFC 5952), or null when it cannot be known */
    ip: required('address', 'null'),
    status: optional('count'),
    method: optional('text'),
    /** as logged, never decoded */
    uri: optional('text'),
    protocol: optional('text'),
    user: optional('text'),
    /** size of the response */
    bytes: optional('number'),
    /** how long the answer took; microseconds are its fraction */
    msecs: optional('number'),
    /** the address slot as logged, when it says more than the client */
    via: optional('text'),
    referer: optional('text'),
    agent: optional('text'),
    host: optional('text'),
    /** variables of a custom log-format, under the names they have there */
    vars: optional('texts'),
    /** in a fleet: the host that has reported it, which the broker vouches for */
    from: optional('text'),
  },
  /** what was in a stretch of the log: in all records since the tally before, written behind them */
  tally: {
    type: required('type'),
    /** when the stretch ends, by the log */
    time: required('instant'),
    /** all requests, those that became no record included */
    requests: required('count'),
    /** of these, the records */
    failures: required('count'),
    /** of these, those with status 5xx or without an answer */
    errors: required('count'),
    /** how many clients were seen, at the least: those of the records and of some of the other requests */
    clients: required('count'),
  },
  /** a decision of xff-window; with `until` and `count`, one that xff-ban carried out */
  ban: {
    type: required('type'),
    /** the failure that tipped it */
    time: optional('instant'),
    ip: required('target'),
    failures: optional('count'),
    /** the first failure's time */
    since: optional('instant'),
    /** the last failure: why */
    last: optional('answer'),
    /** the rule of xff-window that it broke */
    rule: optional('text'),
    /** how many seconds a first ban lasts by that rule */
    lasts: optional('count'),
    /** in a fleet: which hosts have reported the failures, or the first of them in order of their names */
    hosts: optional('names'),
    /** why, in words of whoever asked for it, and who that is */
    reason: optional('text'),
    by: optional('text'),
    until: optional('instant'),
    /** how many bans this ip has had */
    count: optional('count'),
    /** how many requests it has stopped, and when the last one: only in a list, and where that is counted */
    hits: optional('count'),
    last_hit: optional('instant'),
  },
  /** a first ban that xff-ban holds back; when it falls after all, a `ban` follows */
  held: {
    type: required('type'),
    time: optional('instant'),
    ip: required('target'),
    failures: optional('count'),
    since: optional('instant'),
    last: optional('answer'),
    rule: optional('text'),
    lasts: optional('count'),
    hosts: optional('names'),
    /** why it is held back */
    reason: required('text'),
    by: optional('text'),
    /** when it falls by itself */
    falls: required('instant'),
  },
  /** asks that a ban that is held back falls now */
  release: {
    type: required('type'),
    ip: required('target'),
  },
  /** asks that a ban that is held back is forgotten */
  drop: {
    type: required('type'),
    ip: required('target'),
  },
  /** packets that a ban has stopped */
  hit: {
    type: required('type'),
    time: optional('instant'),
    ip: required('target'),
    /** since the ban began */
    hits: required('count'),
  },
  unban: {
    type: required('type'),
    time: optional('instant'),
    ip: required('target'),
    /** "expired", "asked", "allowed" or "evicted" */
    reason: optional('text'),
    /** who asked for it */
    by: optional('text'),
    /** it is not banned again before */
    until: optional('instant'),
  },
  /** asks that an address or prefix is not banned, and ends its ban */
  allow: {
    type: required('type'),
    time: optional('instant'),
    ip: required('target'),
    /** when that ends; without it, when a `disallow` comes */
    until: optional('instant'),
    /** why */
    note: optional('text'),
    by: optional('text'),
  },
  /** the end of an `allow` of the same address or prefix */
  disallow: {
    type: required('type'),
    time: optional('instant'),
    ip: required('target'),
    /** "expired" or "asked" */
    reason: optional('text'),
    note: optional('text'),
    by: optional('text'),
  },
  /** what needs a person: it cannot ban, its bans do not bite, or the log is silent */
  problem: {
    type: required('type'),
    time: required('instant'),
    /** "backend", "ineffective" or "blind" */
    kind: required('text'),
    reason: required('text'),
    /** when it was over; it lasts where this is missing */
    until: optional('instant'),
  },
  /** asks over the socket how xff-ban is; the other fields are its answer */
  status: {
    type: required('type'),
    /** when it answers, and when it started */
    time: optional('instant'),
    since: optional('instant'),
    /** what enforces the bans, and why it fails at the moment */
    way: optional('text'),
    failing: optional('text'),
    /** the newest time of a record that it read, and when one came, by the clock */
    newest: optional('instant'),
    heard: optional('instant'),
    /** requests a second in the log, by the tallies of its last minute */
    rate: optional('number'),
    /** bans in force, of at most so many, and those that are held back */
    in_force: optional('count'),
    max_bans: optional('count'),
    held: optional('count'),
    /** addresses that went on failing in the last 10 minutes although they are banned */
    ineffective: optional('count'),
    /** since it started */
    bans: optional('count'),
    unbans: optional('count'),
    refused: optional('count'),
  },
  /** the answer to a request for a ban, an unban or the like that is not carried out */
  refused: {
    type: required('type'),
    /** the address or prefix as it was asked for; empty where the request names none */
    ip: required('text'),
    reason: required('text'),
  },
  /** the answer to a request for a ban, an unban or the like that would change nothing */
  unchanged: {
    type: required('type'),
    ip: required('text'),
    reason: required('text'),
  },
} as const

type Table = typeof RECORDS
export type RecordType = keyof Table
/** All of them. */
export const RECORD_TYPES = Object.keys(RECORDS) as readonly RecordType[]
type Of<T extends RecordType> = Omit<Fields<Table[T]>, 'type'> & { type: T }

export type RequestRecord = Of<'request'>
export type TallyRecord = Of<'tally'>
export type BanRecord = Of<'ban'>
export type HeldRecord = Of<'held'>
export type ReleaseRecord = Of<'release'>
export type DropRecord = Of<'drop'>
export type HitRecord = Of<'hit'>
export type UnbanRecord = Of<'unban'>
export type AllowRecord = Of<'allow'>
export type DisallowRecord = Of<'disallow'>
export type ProblemRecord = Of<'problem'>
export type StatusRecord = Of<'status'>
export type RefusedRecord = Of<'refused'>
export type UnchangedRecord = Of<'unchanged'>
/** What flows from command to command. */
export type StreamRecord =
  | RequestRecord
  | TallyRecord
  | BanRecord
  | HeldRecord
  | HitRecord
  | UnbanRecord
  | AllowRecord
  | DisallowRecord
  | ProblemRecord
export type AnyRecord =
  | StreamRecord
  | ReleaseRecord
  | DropRecord
  | StatusRecord
  | RefusedRecord
  | UnchangedRecord
/** A record of one of these types. */
export type RecordOf<T extends RecordType> = Extract<AnyRecord, { type: T }>
