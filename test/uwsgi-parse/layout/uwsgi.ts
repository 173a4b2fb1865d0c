import t from 'tap'
import { type Reading, readLine } from '../../../lib/uwsgi-parse/layout/reading.js'
import { ownLayouts } from '../../../lib/uwsgi-parse/layout/uwsgi.js'

const HEAD = '[pid: 7|app: 0|req: 1/1] '
const MIDDLE = ' () {24 vars in 250 bytes} [Sun Nov 22 14:06:08 2026] '
const TAIL = ' => generated 3 bytes in 0 msecs (HTTP/1.0 404) 2 headers in 64 bytes (1 switches on core 0)'
const read = (line: string) => readLine(line, ownLayouts()[0])

t.test('each field of a line has its value', async t => {
  const reading = read(`${HEAD}8.8.8.8, 1.2.3.4${MIDDLE}GET /x?y=1${TAIL}`) as Reading
  for (const [name, value] of Object.entries({
    addr: '8.8.8.8, 1.2.3.4',
    user: '',
    ctime: 'Sun Nov 22 14:06:08 2026',
    method: 'GET',
    uri: '/x?y=1',
    rsize: '3',
    msecs: '0',
    micros: undefined,
    proto: 'HTTP/1.0',
    status: '404',
  })) {
    t.equal(reading.value(name), value, name)
    t.notOk(reading.disputed(name))
  }
  t.same(reading.texts('addr'), ['8.8.8.8, 1.2.3.4'])
})

t.test('a whole line in the header makes a second reading, and both addresses are told', async t => {
  const inner = `${HEAD}8.8.8.8${MIDDLE}GET /404${TAIL}`
  const slots = (read(`${HEAD}${inner}, 1.2.3.4${MIDDLE}GET /404${TAIL}`) as Reading).texts('addr')
  t.ok(slots.includes('8.8.8.8') && slots.includes(`${inner}, 1.2.3.4`), 'both readings are told')
})

t.test('a date in the header does not become the time', async t => {
  const other = MIDDLE.replace('2026', '2024')
  t.ok((read(`${HEAD}x${other}GET /, 1.2.3.4${MIDDLE}GET /404${TAIL}`) as Reading).disputed('ctime'))
})

t.test('lines without a head or a tail, or with text behind it, are no requests', async t => {
  for (const line of [
    '',
    'x',
    `${HEAD}1.2.3.4${MIDDLE}GET /x`,
    `1.2.3.4${MIDDLE}GET /x${TAIL}`,
    `${TAIL}${HEAD}`,
  ]) {
    t.equal(read(line), undefined, line)
  }
  t.equal(read(`${HEAD}1.2.3.4${MIDDLE}GET /x${TAIL} `), undefined, 'text behind it')
})

t.test('too many readings to tell are told as none', async t => {
  t.same((read(`${HEAD}${'a ('.repeat(1000)}${MIDDLE}GET /x${TAIL}`) as Reading).texts('addr'), [])
})
