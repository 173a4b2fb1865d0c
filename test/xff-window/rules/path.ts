import fc from 'fast-check'
import t from 'tap'
import { compileRules } from '../../../lib/xff-window/rules/rules.js'
import { seeded } from '../../support/seeded.js'

/** Whether a rule with this path counts a request for this URI, and whether an exception for it lets it pass. */
function ask(pattern: string, uri: string) {
  const seen = { ip: '203.0.113.1', status: 404, method: () => 'GET', uri: () => uri }
  const none = { host: () => undefined, agent: () => undefined }
  const limit = { name: undefined, max: 1, find: 1000, lasts: undefined, share: 0 }
  const options = { max: 1, find: 1000, failing: (status: number) => status >= 400 }
  const rule = compileRules([{ name: 'x', path: [pattern] }], { ...options, general: undefined, except: [] })
  const exception = compileRules([], { ...options, general: limit, except: [pattern] })
  return {
    counts: rule.weigh({ ...seen, ...none }).length > 0,
    excepts: exception.weigh({ ...seen, ...none }).length === 0,
  }
}

t.test('no other spelling of a path dodges a rule', async t => {
  for (const uri of [
    ...['/login', '/login?next=/', '/LOGIN', '/Login/', '//login', '///login//', '/./login', '/x/../login'],
    ...['/%6Cogin', '/%6cogi%6E', '/%4cogin', '/%2Flogin', '/x/%2e%2E/login', '/x%2f..%2flogin', '/login%2F'],
    ...[
      'http://shop.example/login',
      'HTTP://shop.example:80//login?x',
      'login',
      '/login#x',
      '/login/.',
      '/../login',
    ],
    ...['/x/..//login', '/login?a?b', '/login/?x#y', 'https://user@shop.example/%6Cogin#top'],
  ]) {
    t.ok(ask('/login', uri).counts, uri)
  }
  for (const uri of [
    '/logins',
    '/x/login',
    '/login/x',
    '/',
    '',
    '*',
    '/?/login',
    '/%256Cogin',
    '/login%00',
    '/log in',
  ]) {
    t.notOk(ask('/login', uri).counts, uri)
  }
  t.ok(ask('/*.php', '/a/b.PHP?x').counts)
  t.ok(ask('/admin/*', '/admin//x').counts && ask('/admin/*', '/admin/').counts)
  t.ok(ask('/café', '/caf%C3%A9').counts && ask('/café', '/caf%c3%a9/').counts)
  t.ok(ask('*', '').counts && ask('/', 'http://shop.example').counts)
})

t.test('nobody hides behind an exception', async t => {
  for (const uri of ['/favicon.ico', '/favicon.ico?v=2', 'http://shop.example/favicon.ico']) {
    t.ok(ask('/favicon.ico', uri).excepts, uri)
  }
  for (const uri of [
    '/FAVICON.ICO',
    '//favicon.ico',
    '/favicon.ico/',
    '/x/../favicon.ico',
    '/%66avicon.ico',
  ]) {
    t.notOk(ask('/favicon.ico', uri).excepts, uri)
  }
  t.ok(ask('/.well-known/*', '/.well-known/security.txt').excepts)
  for (const uri of [
    ...[
      '/.well-known/../login',
      '/.well-known/%2e%2e/login',
      '/.well-known/..%2Flogin',
      '/.well-known/x/../../login',
    ],
    ...['/.well-known/.%2e/login', '/login?/.well-known/x', '/.well-known#/../x', '/%2ewell-known/x'],
  ]) {
    t.notOk(ask('/.well-known/*', uri).excepts, uri)
  }
})

t.test('however a path is spelled, a rule counts it', async t => {
  const spelled = fc
    .array(
      fc.record({
        isEscaped: fc.boolean(),
        upper: fc.boolean(),
        before: fc.constantFrom('', '/', '/.', '/x/..'),
      }),
      { minLength: 12, maxLength: 12 },
    )
    .map(ways =>
      [...'/admin/login'].map((letter, i) => {
        const { isEscaped = false, upper = false, before = '' } = ways[i] ?? {}
        const written = upper ? letter.toUpperCase() : letter
        const escaped = `%${written.charCodeAt(0).toString(16)}`
        return (letter === '/' ? before : '') + (isEscaped && (letter !== '/' || i > 0) ? escaped : written)
      }),
    )
    .map(letters => letters.join(''))
  fc.assert(
    fc.property(spelled, uri => ask('/admin/login', uri).counts && !ask('/admin/log?n', '/').excepts),
    seeded(t, 2000),
  )
})
