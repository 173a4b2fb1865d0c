import { parseInstant } from '../wire/instant.js'
import { decodeLine, encodeLine } from '../wire/jsonl.js'
import type { RequestRecord } from '../wire/record.js'
import { openFastWindow } from './fast-window.js'
import { compileKey } from './key.js'
import type { Failure, Options, Reader, Tally } from './stage.js'
import type { Ban } from './window.js'

/** What a full reader shares with this one. */
export interface Shared {
  /** the record of a ban, as a line */
  banLine: (failure: Failure, ban: Ban) => string
  /** is told how many failures came late */
  warnOfLate: (count: number) => void
}

/**
 * Reads requests and counts them in the module, where the window is; lines of any other shape than uwsgi-parse's are
 * read here, and counted there as well.
 * @returns null where the machine cannot run it
 */
export function openFastReader(options: Options, tally: Tally, shared: Shared): Reader | null {
  const { max, failing, ipv6Prefix, ignored, outage = 0, tallies = false, onBadLine } = options
  const keyOf = compileKey(ipv6Prefix)
  let linesBefore = 0
  let isTallied = false
  // the errors that wait, by their number in the module
  const waiting = new Map<number, RequestRecord>()
  let written: Buffer[] = []
  // of lines that were read here
  const own = { requests: 0, failures: 0, unattributed: 0, ignored: 0, spared: 0, bans: 0 }

  const write = (text: string) => {
    if (text !== '') written.push(window.take(), Buffer.from(text))
  }
  const ban = (request: RequestRecord, time: number, since: number) => {
    write(shared.banLine({ key: keyOf(request.ip ?? ''), time, request }, { failures: max, since }))
  }

  const countFailure = (request: RequestRecord, ip: string, time: number) => {
    if (ignored?.(ip)) {
      own.ignored += 1
    } else if (outage > 0 && isTallied && (request.status === undefined || request.status >= 500)) {
      const index = window.wait(ip, time)
      if (index >= 0) waiting.set(index, request)
    } else {
      const since = window.count(ip, time)
      if (!Number.isNaN(since)) ban(request, time, since)
    }
  }

  const parseFully = (text: string, line: number) => {
    const record = decodeLine(text, linesBefore + line, ['request', 'tally'], onBadLine)
    if (!record) return
    if (record.type === 'tally') {
      isTallied = true
      window.endStretch(record)
      waiting.clear()
      if (tallies) write(encodeLine(record))
      return
    }
    own.requests += 1
    const { ip, status, time } = record
    if (status !== undefined && !failing(status)) return
    own.failures += 1
    if (ip === null || time === null) own.unattributed += 1
    else countFailure(record, ip, parseInstant(time))
  }

  const opened = openFastWindow({
    ...options,
    ...{ outage, ignored, parseFully, onLate: shared.warnOfLate },
    banWaiting(index, since) {
      const request = waiting.get(index)
      if (request) ban(request, parseInstant(request.time ?? ''), since)
    },
  })
  if (!opened) return null
  const window = opened

  /** Brings the counts up to date. @returns what was written */
  const finish = (): Buffer => {
    sum(tally, window.counts(), own)
    const bytes = Buffer.concat([...written, window.take()])
    written = []
    return bytes
  }

  return {
    window,
    read(block) {
      linesBefore += window.read(block)
      return finish()
    },
    end() {
      window.endInput()
      return finish()
    },
  }
}

function sum(tally: Tally, one: Omit<Tally, 'passed'>, other: Omit<Tally, 'passed'>): void {
  for (const count of COUNTS) tally[count] = one[count] + other[count]
}

const COUNTS = ['requests', 'failures', 'unattributed', 'ignored', 'spared', 'bans'] as const
