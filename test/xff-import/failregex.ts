import t from 'tap'
import { statusesOf, statusList } from '../../lib/xff-import/failregex.js'

const list = (failregex: string) => {
  const found = statusesOf(failregex)
  return found && statusList(found)
}

t.test("the recipe's failregex is understood in all its usual variants", t => {
  const rest = String.raw`<HOST> \(.*\) .* \(HTTP/[012.]+ `
  t.equal(list(String.raw`${rest}[45][0-9][0-9]\)`), '4xx,5xx')
  t.equal(list(String.raw`^.* ${rest}4\d\d\)`), '4xx')
  t.equal(list(String.raw`^.*\s<HOST>\s\(.*?\) .+ \(HTTP/\S+ (?:403|404|5\d\d)\).*$`), '403-404,5xx')
  t.equal(list(String.raw`${rest}(401|40[345])\)`), '401,403-405')
  t.end()
})

t.test('a failregex is judged by what it matches', t => {
  t.equal(
    list(String.raw`^\[pid: \d+\|app: \d+\|req: \d+/\d+\] <ADDR> .* \(HTTP/\d\.\d 40[134]\)`),
    '401,403-404',
  )
  t.equal(list(String.raw`(?i)<HOST>.*http/1.1 (?P<code>4\d{2})\) \d+ headers`), '4xx')
  t.equal(list(String.raw`<HOST> \(.*\) .* \(HTTP/[012.]+ 404\) .* bytes`), '404')
  t.equal(list(String.raw`<F-MLFID>pid: \d+</F-MLFID>.*<HOST> .*\(\S+ 5..\)`), '5xx')
  t.equal(list(String.raw`<HOST> .* \[.*\] (?:GET|POST|HEAD) .* \(HTTP/1.1 404\)`), '404')
  t.end()
})

t.test('a failregex that asks for more than a status is not translated', t => {
  for (const failregex of [
    String.raw`<HOST> \(.*\) .* "GET /wp-login.php.* \(HTTP/[012.]+ 404\)`,
    String.raw`<HOST> .* \[.*\] GET .* \(HTTP/1.1 404\)`,
    String.raw`<HOST> .* /wp-login.php .* \(HTTP/1.1 404\)`,
    String.raw`<HOST> (a+)+$|^(\[+p+)+x`,
    '<HOST> .* 404',
    String.raw`<HOST> \(.*\) .* \(HTTP/[012.]+ (((\d+)+)+)+\)`,
    String.raw`<HOST> \(.*\) .* \(HTTP/[012.]+ ${'(||)'.repeat(40)}404\)`,
    String.raw`<HOST> \(.*\) .* \(HTTP/[012.]+ ${'(?:|)'.repeat(40)}404\)`,
    String.raw`<HOST> \(.*\) .* \(HTTP/[012.]+ [45\)`,
    String.raw`<HOST> \(.*\) .* \(HTTP/[012.]+ 999999\)`,
    '',
  ]) {
    t.equal(list(failregex), undefined, failregex)
  }
  t.end()
})
