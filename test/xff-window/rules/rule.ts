import t from 'tap'
import * as value from '../../../lib/cli/options/values.js'
import { compileRuleReader, RuleError } from '../../../lib/xff-window/rules/rule.js'

const read = compileRuleReader(value)

t.test('a rule says what it counts, and how much', async t => {
  const { status, ...rest } = read(
    'login: path=/login,/%61dmin/* method=post status=401,403 max=5 find=10m time=1h points=2 share=50%',
  )
  t.same(rest, {
    name: 'login',
    path: ['/login', '/admin/*'],
    method: ['POST'],
    ...{ max: 5, find: 600, time: 3600, points: 2, share: 0.5 },
  })
  t.ok(status?.(401) && !status(404))
  t.same(read('\tprobe:  path=/.env max=1 '), { name: 'probe', path: ['/.env'], max: 1 })
  t.same(read('path=/.env points=10'), { name: undefined, path: ['/.env'], points: 10 })
  t.same(read('bots: agent=*sqlmap*,curl/* host=shop.example'), {
    name: 'bots',
    ...{ agent: ['*sqlmap*', 'curl/*'], host: ['shop.example'] },
  })
})

t.test('what is wrong with a rule is said, and where', async t => {
  for (const [text, column, message] of [
    ['login: pth=/x', 8, 'expected one of path=, method=, status=, host=, agent=, network=, points='],
    ['login: path=login', 13, 'path: expected a path that begins with / or *, got "login"'],
    ['login: path=/x,', 13, 'path: expected a path that begins with / or *, got ""'],
    ['login: path=/x?a=b', 13, 'path: expected a path without a query, got "/x?a=b"'],
    ['login: path=/x max=0', 20, 'max: expected a whole number from 1 to 10000, got "0"'],
    ['login: path=/x  find=1w', 22, 'find: expected seconds from 1 to 31536000'],
    ['login: path=/x status=4', 23, 'status: expected statuses like'],
    ['login: path=/x path=/y', 16, 'expected path= once, got "path=/y" as well'],
    ['login: path', 8, 'expected path=VALUE, got "path"'],
    ['login:', 7, 'expected a condition such as path=/login, got none'],
    ['', 1, 'expected a condition'],
    ['lo gin: path=/x', 1, 'expected one of'],
    [
      'login:path=/x',
      1,
      'expected a name of letters, digits and _.-, a colon and a blank, got "login:path=/x"',
    ],
    ['lög: path=/x', 1, 'expected a name of letters'],
    ['crowd: path=/x', 1, 'expected another name than "crowd"'],
    ['path=/x', 1, 'expected a name as in "login: …", or points=, got neither'],
    ['path=/x points=3 max=3', 18, 'expected a name as in "login: …" with max='],
    ['login: toString=1', 8, 'expected one of'],
  ] as const) {
    try {
      read(text)
      t.fail(`${text} is read`)
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      t.match(error.message, message)
      t.equal(error.column, column, text)
    }
  }
})
