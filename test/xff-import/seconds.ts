import t from 'tap'
import { parseSeconds } from '../../lib/xff-import/seconds.js'

t.test("times are read in fail2ban's notation", t => {
  for (const [text, seconds] of [
    ['300', 300],
    ['10m', 600],
    ['1h', 3600],
    ['1d', 86_400],
    ['1d12h', 129_600],
    ['1d 12h', 129_600],
    ['1 week', 604_800],
    ['1hour+30min', 5400],
    ['0d 1h 30M', 5400],
    ['1year-6mo', 15_778_800],
    ['6 months', 15_778_800],
    ['60*60', 3600],
    ['24 * 60m', 86_400],
    ['1.5h', 5400],
    ['-1', -1],
  ] as const) {
    t.equal(parseSeconds(text), seconds, text)
  }
  for (const text of ['', 'soon', '10x', '1h;', '__import__("os")', '1..5', '*', '9'.repeat(40)]) {
    t.equal(parseSeconds(text), undefined, text)
  }
  t.end()
})
