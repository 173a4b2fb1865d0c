/** The page that is written again and again while records come. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { noBrowser, openBrowser, visit } from '../support/browser.js'
import { bundle } from '../support/commands.js'
import { shortTempDir, tempDir } from '../support/temp-dir.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

type Test = Parameters<typeof tempDir>[0]

const REFRESH = /<meta http-equiv="refresh" content="1">/
const failure = (ip: string) =>
  `${JSON.stringify({ type: 'request', time: new Date().toISOString(), ip, status: 404, method: 'GET', uri: '/a' })}\n`

function begin(t: Test, ...more: string[]) {
  const folder = join(tempDir(t), 'pages')
  mkdirSync(folder)
  const path = join(folder, 'page.html')
  // of a process that was killed
  writeFileSync(join(folder, '.page.html.0123456789ab.new'), 'half a pa')
  const child = execa(bundle('xff-report'), ['--every', '1s', '--output', path, ...more], { reject: false })
  t.teardown(() => child.kill('SIGKILL'))
  return { folder, path, child, content: () => readFileSync(path, 'utf8') }
}

t.test('the page is there at once, follows the records, and says at last that it is the last', async t => {
  const { folder, child, content } = begin(t)
  const first = await waitFor('the page', content)
  t.match(first, REFRESH)
  t.match(first, /Written <time .*every 1 s/)
  t.strictSame(readdirSync(folder), ['page.html'], 'what was left before is removed')
  child.stdin.write(failure('203.0.113.7'))
  const seen = new Set<string>()
  await waitFor('two more pages', () => {
    const text = content()
    t.match(text, /<\/html>\n$/, 'a page is whole whenever it is read')
    if (text.includes('203.0.113.7')) seen.add(text)
    return seen.size > 1
  })
  child.stdin.write(failure('203.0.113.8'))
  await waitFor('the record', () => content().includes('203.0.113.8'))
  child.kill('SIGTERM')
  const { exitCode, stdout, stderr } = await child
  t.match({ exitCode, stdout }, { exitCode: 0, stdout: '' })
  t.match(stderr, /2 requests, 2 failures/)
  t.match(content(), /203\.0\.113\.8/)
  t.notMatch(content(), REFRESH)
  t.match(content(), /no more records come/)
  t.strictSame(readdirSync(folder), ['page.html'])
})

t.test('when the input ends, what came last is in it', async t => {
  const { child, content } = begin(t, '--text')
  child.stdin.end(failure('203.0.113.9'))
  t.equal((await child).exitCode, 0)
  t.match(content(), /203\.0\.113\.9/)
})

t.test('a page that cannot be written is told, and tried again', async t => {
  const { folder, path, child, content } = begin(t)
  await waitFor('the page', content)
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  renameSync(folder, `${folder}.away`)
  await waitFor('the message', () => said.includes(`${path} is as it was, and tried again: ENOENT`))
  renameSync(`${folder}.away`, folder)
  await waitFor('the other', () => said.includes(`${path} is written again`))
  renameSync(folder, `${folder}.away`)
  child.stdin.end()
  const { exitCode, stderr } = await child
  t.equal(exitCode, 74)
  t.match(stderr, /ENOENT/)
})

t.test('it does not begin where it could never write', async t => {
  const path = join(tempDir(t), 'nowhere', 'page.html')
  const { exitCode, stderr } = await execa(bundle('xff-report'), ['--every', '1s', '--output', path], {
    reject: false,
  })
  t.equal(exitCode, 74)
  t.match(stderr, /nowhere/)
})

t.test('without --every a file has what stdout would have', async t => {
  const path = join(tempDir(t), 'page.html')
  const input = failure('203.0.113.7')
  const { stdout } = await execa(bundle('xff-report'), ['--output', path], { input })
  t.equal(stdout, '')
  t.equal(readFileSync(path, 'utf8'), `${(await execa(bundle('xff-report'), { input })).stdout}\n`)
})

t.test('a browser shows it anew by itself', { skip: noBrowser }, async t => {
  const browser = await openBrowser(shortTempDir(t))
  t.teardown(() => browser.close())
  const { child, content } = begin(t)
  await waitFor('the page', content)
  const { page, asked, complaints } = await visit(browser, content)
  await waitFor('it to ask again', () => asked.filter(path => path === '/').length > 1)
  // the last page does not ask again: one that is on its way to another cannot be closed
  child.stdin.end(failure('203.0.113.7'))
  await page.getByText('no more records come').waitFor({ timeout: LIMIT })
  t.match(await page.textContent('main'), '203.0.113.7')
  t.strictSame(complaints, [])
  await page.close()
})
