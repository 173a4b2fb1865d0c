/** Problems that are said again and again are told once, then with growing pauses, and when they are over. */
import { mock } from 'node:test'
import t from 'tap'
import type { ProblemRecord } from '../../lib/wire/record.js'
import { createRepeats } from '../../lib/xff-notify/repeats.js'

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
t.afterEach(() => mock.timers.reset())

/** @param said by minute; `over` says that it is over. @returns what was told, with its minute */
function told(minutes: number, said: (minute: number) => string | undefined): string[] {
  let minute = 0
  const heard: string[] = []
  const repeats = createRepeats<string>(text => heard.push(`${minute} ${text}`))
  for (; minute < minutes; minute++) {
    const text = said(minute)
    const problem: ProblemRecord = { type: 'problem', time: '', kind: 'ineffective', reason: '' }
    if (text !== undefined) repeats.put(text === 'over' ? { ...problem, until: '' } : problem, text)
    mock.timers.tick(60_000)
  }
  repeats.close()
  return heard
}

t.test(
  'what is said every minute is told at once, then with growing pauses, and when it is over',
  async t => {
    t.strictSame(
      told(500, minute => (minute < 400 ? `${minute}` : minute === 400 ? 'over' : undefined)),
      // a pause ends within the minute before
      ['0 0', '14 14', '44 44', '104 104', '224 224', '400 over'],
    )
  },
)

t.test('what comes and goes is told again only if it lasts when the pause is over', async t => {
  t.strictSame(
    told(20, minute => (minute < 10 ? (minute % 2 === 0 ? `${minute}` : 'over') : undefined)),
    ['0 0', '1 over'],
  )
  t.strictSame(
    told(30, minute => ({ 0: 'begins', 1: 'over', 2: 'again', 20: 'over' })[minute]),
    ['0 begins', '1 over', '14 again', '20 over'],
  )
})

t.test('after a while it is new', async t => {
  t.strictSame(
    told(60, minute => ({ 0: 'begins', 1: 'over', 30: 'again', 31: 'over', 50: 'again' })[minute]),
    ['0 begins', '1 over', '30 again', '31 over', '50 again'],
  )
})

t.test('what has waited and lasts is told at the end', async t => {
  t.strictSame(
    told(5, minute => ({ 0: 'begins', 1: 'over', 2: 'again' })[minute]),
    ['0 begins', '1 over', '5 again'],
  )
})

t.test('kinds are told apart, and are few', async t => {
  const heard: string[] = []
  const repeats = createRepeats<string>(text => heard.push(text))
  const put = (kind: string) => repeats.put({ type: 'problem', time: '', kind, reason: '' }, kind)
  for (const kind of ['blind', 'backend', 'blind']) put(kind)
  t.strictSame(heard, ['blind', 'backend'])
  for (let i = 0; i < 1_000; i++) put(`${i}`)
  t.equal(heard.length, 51)
  repeats.close()
})
