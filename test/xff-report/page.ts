/** The page in a real browser: it harms nobody, asks for nothing, and everybody can read it. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import { execa } from 'execa'
import type { BrowserContext } from 'playwright-core'
import t from 'tap'
import { noBrowser, openBrowser, visit } from '../support/browser.js'
import { bundle, FIXTURES, withCommands } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const attack = join(FIXTURES, 'attack/uwsgi.log')

const skip = noBrowser
let browser: BrowserContext
let shop: string
if (!skip) {
  browser = await openBrowser(tempDir(t))
  t.teardown(() => browser.close())
  // requests first and then what came of them, with bans long enough that some are in force at the end
  const line =
    `uwsgi-parse < '${attack}' 2>&- | tee requests | xff-window 2>&- | xff-ban --dry-run --clock log ` +
    '--time 10800 2>&- > bans; cat requests bans | xff-report --time 10800'
  shop = (await execa('bash', ['-c', line], { cwd: t.testdirName, env: withCommands({ TZ: 'UTC' }) })).stdout
}

const BACKGROUND = 'getComputedStyle(document.body).backgroundColor'
/** What would need scrolling sideways to be read, or be cut. */
const STICKING_OUT = `[...document.querySelectorAll('body *')].flatMap(element =>
  element.getClientRects().length > 0 && !element.closest('svg, thead, small') &&
  (element.getBoundingClientRect().right > innerWidth || element.getBoundingClientRect().left < 0)
    ? element.outerHTML.slice(0, 100) : []).concat(document.documentElement.scrollWidth > innerWidth ? 'page' : [])`
/** Days apart, so that dates are told in full. */
const TIME = (i: number) => new Date(Date.UTC(2026, 10, 22 + 7 * i, 13, 59, 59)).toISOString()
const HOSTILE = [
  '<script>window.harmed = 1</script>',
  '</code></td></table><img src=/seen onerror="window.harmed = 1">',
  '"><svg onload=window.harmed=1>',
  "' onmouseover='window.harmed = 1' x='",
  '</style><style>body { display: none }</style>',
  '</title><base href="https://example.invalid/"><link rel=stylesheet href=/seen.css>',
  '<iframe srcdoc="<script>parent.harmed = 1</script>"></iframe><meta http-equiv=refresh content="0;url=/seen">',
  '&lt;script&gt;window.harmed = 1&lt;/script&gt;',
  '-->]]><!--<![CDATA[',
  `/gpj.\u202egnp/\u2066\u200b\0\u0007\u001b[31m\u2028\ud800`,
  `/${'w'.repeat(20_000)}`,
  'z\u0301\u0302\u0303\u0304'.repeat(40),
  '{{constructor.constructor("window.harmed = 1")()}}',
]

interface Found {
  text: string
  [what: string]: unknown
}

function hostileRecords(): string {
  return HOSTILE.flatMap((text, i) => [
    {
      type: 'request',
      time: TIME(i),
      ip: `203.0.113.${i}`,
      status: 404,
      method: text,
      uri: text,
      agent: text,
      user: text,
    },
    { type: 'ban', time: TIME(i), ip: `2001:db8:${i}::/64`, last: { status: 404, method: text, uri: text } },
  ])
    .map(record => `${JSON.stringify(record)}\n`)
    .join('')
}

t.test('hostile records are shown as text and do nothing', { skip }, async t => {
  for (const title of HOSTILE.slice(0, 6)) {
    const { stdout } = await execa(bundle('xff-report'), ['--title', title], { input: hostileRecords() })
    const { page, asked, wanted, complaints } = await visit(browser, stdout)
    await page.hover('h1')
    t.strictSame(complaints, [], 'the browser complains of nothing')
    t.strictSame(asked, ['/'], 'the server is asked for the page and nothing else')
    t.equal(wanted.length, 1, 'nor is anybody else')
    const found = await page.evaluate<Found>(`({
      harmed: typeof harmed,
      foreign: document.querySelectorAll('script, img, iframe, base, link, form, object, embed').length,
      styles: document.querySelectorAll('style, [style]').length,
      handlers: [...document.querySelectorAll('*')].flatMap(element =>
        element.getAttributeNames().filter(name => name.startsWith('on'))),
      links: [...document.links].map(link => link.getAttribute('href')).filter(to => !to.startsWith('#')),
      title: document.title,
      text: document.body.textContent,
    })`)
    const { text, ...rest } = found
    t.strictSame(rest, { harmed: 'undefined', foreign: 0, styles: 1, handlers: [], links: [], title })
    t.ok(text.includes('<script>window.harmed = 1</script>'), 'it is shown as it was logged')
    t.ok(
      text.includes('/gpj.\\u{202e}gnp/\\u{2066}\\u{200b}\\u{0}\\u{7}\\u{1b}[31m'),
      'what is unseen is told',
    )
    t.notMatch(stdout, /[\u202a-\u202e\u2066-\u2069\u200b\0\u001b]/u)
    await page.setViewportSize({ width: 320, height: 640 })
    t.strictSame(await page.evaluate(STICKING_OUT), [], 'it stays within a phone')
    await page.close()
  }
})

t.test('no page can start a script, whatever gets into it', { skip }, async t => {
  const broken = shop.replace('</main>', '<script>window.harmed = 1</script><img src="/seen"></main>')
  const { page, asked } = await visit(browser, broken)
  t.equal(await page.evaluate('typeof harmed'), 'undefined')
  t.strictSame(asked, ['/'])
  await page.close()
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1200, 360]) {
    t.test(`everybody can read the report: ${colorScheme}, ${width} pixels wide`, { skip }, async t => {
      const { page, complaints } = await visit(browser, shop)
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      await page.click('summary')
      t.strictSame(await page.evaluate(STICKING_OUT), [], 'nothing sticks out')
      await page.evaluate(AXE)
      const { violations, passes } = await page.evaluate<AxeResults>('axe.run()')
      t.ok(passes.some(({ id }) => id === 'color-contrast'))
      t.strictSame(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
        [],
      )
      t.strictSame(complaints, [])
      await page.close()
    })
  }
}

t.test('light is light and dark is dark', { skip }, async t => {
  const { page } = await visit(browser, shop)
  const brightness = async (colorScheme: 'light' | 'dark') => {
    await page.emulateMedia({ colorScheme })
    return Number(/\d+/.exec(await page.evaluate<string>(BACKGROUND))?.[0])
  }
  t.ok((await brightness('light')) > 220)
  t.ok((await brightness('dark')) < 40)
  await page.close()
})

t.test('a keyboard reaches all there is to do, and sees where it is', { skip }, async t => {
  const { page } = await visit(browser, shop)
  const stops: string[] = []
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate<{ text: string; outline: string }>(`({
      text: document.activeElement.textContent,
      outline: getComputedStyle(document.activeElement).outlineStyle,
    })`)
    stops.push(stop.text)
    t.equal(stop.outline, 'solid', stop.text)
  }
  t.strictSame(stops, [
    'What other limits would have done',
    'What went wrong',
    'Over time',
    'Bans in force',
    'Bans that are over',
    'Worst addresses',
    'Worst paths',
    'The chart as a table',
  ])
  await page.keyboard.press('Enter')
  t.ok(await page.isVisible('details table'), 'Enter shows the table')
  for (let i = 0; i < 2; i++) await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  t.match(page.url(), /#addresses$/)
  await page.close()
})

t.test('a screen reader is told what the eye sees', { skip }, async t => {
  const { page } = await visit(browser, shop)
  for (const width of [1200, 390]) {
    await page.setViewportSize({ width, height: 800 })
    const tree = await page.locator('body').ariaSnapshot()
    t.match(tree, /- heading "Failures and bans" \[level=1\]/)
    t.match(tree, /img "Failures and bans from 22 Nov 2026 .* The most failures in 5 min: 65, from/)
    t.match(tree, /- table "20 of \d+ addresses, most failures first":/)
    t.match(tree, /- row "192\.0\.2\.200 (?:Failures )?290 [^\n]*401 GET \/admin"/)
    t.match(tree, /- rowheader "192\.0\.2\.200"/)
    t.match(tree, /- columnheader "Failures"/)
    t.match(tree, /- rowheader "max 10"/)
    t.match(tree, /- cell "9 addresses 33% stopped in use"/)
  }
  await page.close()
})

t.test('the report can be printed', { skip }, async t => {
  const { page } = await visit(browser, shop)
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
  t.notOk(await page.isVisible('nav'))
  t.equal(await page.evaluate(BACKGROUND), 'rgb(255, 255, 255)', 'dark is for screens')
  t.match((await page.pdf()).subarray(0, 5).toString(), '%PDF-')
  await page.close()
})
