import type { Answer } from '../wire/field.js'
import type { BanRecord, HeldRecord } from '../wire/record.js'

/** Where what is shown comes from: a jail, or stdin. All times are milliseconds since 1970. */
export interface Source {
  name: string
  /** in a word: whether it works */
  state: 'ok' | 'unknown' | 'down' | 'failing' | 'blind' | 'no effect' | 'holds'
  /** what is amiss, for people */
  problems: string[]
  /** how old the newest record is, in milliseconds */
  age: number | undefined
  /** requests a second, by the log */
  rate: number | undefined
  bans: number
  held: number
  ineffective: number
  /** what enforces the bans */
  way: string
}

/** Somebody who is at it. */
export interface Present {
  ip: string
  source: string
  /** requests that its ban has stopped; undefined where that is not counted */
  hits: number | undefined
  /** of these, how many in the last minute */
  rate: number
  /** its last failure, or the last request that was stopped */
  last: number
  failures: number
  answer: Answer | undefined
  isBanned: boolean
}

/** A ban as it is told. */
export interface Told {
  source: string
  record: BanRecord
  state: 'in force' | 'held' | 'unbanned' | 'over'
}

/** All that can be shown. */
export interface Board {
  now: number
  sources: Source[]
  /** whoever was there last, in front */
  present: Present[]
  /** how often which path failed, or was that of the failure that led to a ban */
  paths: [string, number][]
  /** the latest in front */
  bans: Told[]
  held: (HeldRecord & { source: string })[]
  /** how many bans fell in each step of the last hours, the newest last; undefined where that is not known */
  growth: (number | undefined)[]
}

/** What is looked at. */
export interface Eye {
  look: () => Promise<Board>
  /** What is known of an address or prefix, in lines. */
  explain: (ip: string) => string[]
  /** Ends a ban. @returns what came of it, in words */
  unban: (ip: string) => Promise<string>
}

/** The path of a request, without what follows it. */
export function pathOf(uri: string): string {
  const end = uri.search(/[?#]/)
  return (end < 0 ? uri : uri.slice(0, end)).slice(0, MAX_PATH)
}

/** The longest path that is told from others. */
const MAX_PATH = 200
