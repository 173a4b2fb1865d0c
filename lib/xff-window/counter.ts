import { encodeLine } from '../wire/jsonl.js'
import type { TallyRecord } from '../wire/record.js'
import { banLine } from './ban-record.js'
import type { Candidate } from './candidate.js'
import { createJudge, type Judge } from './judge.js'
import { lateWarning } from './late-warning.js'
import { createOutages } from './outage.js'
import { CROWD } from './rules/rule.js'
import { watchServed } from './served.js'
import type { Options, Tally } from './stage.js'
import { createWindow } from './window.js'

/** Counts a failure. @returns what is to be written for it: the ban that it made, or nothing */
export type CountFailure = (key: string, time: number, candidate: Candidate) => string

/** An error that waits for the tally of its stretch. */
interface Waiting {
  key: string
  time: number
  candidate: Candidate
}

/** What counts failures; each returns what is to be written. */
export interface Counter {
  countFailure: CountFailure
  /** a tally has come */
  endStretch: (tally: TallyRecord) => string
  /** the input has ended */
  end: () => string
}

/** What decides on requests: the window, and where there are rules, these. */
export function openJudge({ rules, explainer, crowds, failing, ...limits }: Options): Judge<Candidate> {
  if (!rules) return createWindow(limits)
  const { late, keys, find, hosts } = limits
  const hasShares = rules.current.limits.some(({ share }) => share > 0)
  return createJudge<Candidate>({
    ...{ late, keys, hosts, rules, failing, crowds, shareOver: hasShares ? find : undefined },
    onCounted:
      explainer &&
      ((key, time, rule, { request }) => explainer.remember({ key, time, request: request() }, rule)),
  })
}

export function createCounter(options: Options, tally: Tally, judge: Judge<Candidate>): Counter {
  const { ignored, explainer, rules, outage = 0, tallies = false } = options
  const warnOfLate = lateWarning(options.late, options.warn)
  const outages = createOutages<Waiting>(outage)
  const named = watchNames(options)
  const served = watchServed(() => needsServed(options), options.warn)

  const countOne = (key: string, time: number, candidate: Candidate): string => {
    named(candidate)
    const verdict = judge.observe(key, time, candidate)
    warnOfLate(judge.late())
    if (verdict === 'passed') {
      if (isFailure(options, candidate.status)) tally.passed += 1
      else tally.failures -= 1
      return ''
    }
    if (verdict === 'counted' && (!explainer || rules)) return ''
    const failure = { key, time, request: candidate.request() }
    if (!rules) explainer?.remember(failure)
    if (verdict === 'counted') return ''
    tally.bans += 1
    outages.banned(key)
    return explainer ? explainer.explain(failure, verdict) : banLine(failure, verdict)
  }
  const count = (key: string, time: number, candidate: Candidate): string => {
    const own = countOne(key, time, candidate)
    const crowd = judge.takeCrowd?.() ?? []
    if (crowd.length === 0) return own
    tally.bans += crowd.length
    const request = candidate.request()
    const lines = crowd.map(({ prefix, ...ban }) => {
      const failure = { key: prefix, time, request }
      const named = { ...ban, rule: CROWD }
      return explainer ? explainer.explain(failure, named) : banLine(failure, named)
    })
    return own + lines.join('')
  }
  const countAll = (errors: readonly Waiting[]) => {
    tally.spared = outages.spared()
    return errors.map(({ key, time, candidate }) => count(key, time, candidate)).join('')
  }

  return {
    countFailure(key, time, candidate) {
      const { ip, status } = candidate
      if (rules) served.saw(isFailure(options, status))
      if (ignored?.(ip)) {
        if (isFailure(options, status)) tally.ignored += 1
        else tally.failures -= 1
        return ''
      }
      if (!outages.mustWait(status)) return count(key, time, candidate)
      outages.wait({ key, time, candidate: candidate.kept() })
      return ''
    },
    endStretch: record => countAll(outages.end(record)) + (tallies ? encodeLine(record) : ''),
    end() {
      served.end()
      return countAll(outages.rest())
    },
  }
}

/** Says it once where it is asked who has reported the failures, and they do not tell. */
function watchNames({ hosts, warn }: Options): (candidate: Candidate) => void {
  let isTold = hosts === undefined
  return ({ from }) => {
    if (isTold || from !== undefined) return
    isTold = true
    warn(
      '--hosts-min: requests that do not tell which host has reported them count for none: xff-bus read requests --name-hosts',
    )
  }
}

/** Whether a request is a failure, as against one that only a rule may count. */
export function isFailure({ failing, rules }: Options, status: number | undefined): boolean {
  return !rules || status === undefined || failing(status)
}

/** What is asked for that looks at requests which are no failures. */
function needsServed({ rules, crowds }: Options): string[] {
  const { onSuccess = [], limits = [] } = rules?.current ?? {}
  return [
    ...onSuccess.map(name => `rule ${name}`),
    ...limits.flatMap(({ name, share }) =>
      share === 0 ? [] : [name === undefined ? '--share' : `share= of rule ${name}`],
    ),
    ...(crowds ? ['--crowd'] : []),
  ]
}
