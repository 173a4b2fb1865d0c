import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import './apart.js'
import { LIMIT } from './wait-for.js'

const CHROMIUM = '/usr/bin/chromium'

/** Why tests in a browser are skipped, or false. */
export const noBrowser = !existsSync(CHROMIUM) && 'chromium is missing'

const SWITCHES = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Visit {
  page: Page
  /** what the server was asked for */
  asked: string[]
  /** what the browser wanted from anywhere */
  wanted: string[]
  /** what it complained about */
  complaints: string[]
}

/** Starts a browser with a profile of its own; `profile` is a fresh folder. */
export function openBrowser(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: SWITCHES,
    timeout: LIMIT,
  })
}

/**
 * Shows a page as a web server on loopback would give it, and watches what it does.
 * @param content the page, or what reads it whenever it is asked for
 */
export async function visit(
  browser: BrowserContext,
  content: Buffer | string | (() => string),
): Promise<Visit> {
  const [asked, wanted, complaints]: string[][] = [[], [], []]
  const server = createServer((request, response) => {
    asked?.push(request.url ?? '')
    response.setHeader('Content-Type', 'text/html').end(typeof content === 'function' ? content() : content)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const page = await browser.newPage()
  page.on('close', () => server.close())
  page.on('request', request => wanted?.push(request.url()))
  page.on('console', message => complaints?.push(message.text()))
  page.on('pageerror', error => complaints?.push(error.message))
  page.on('dialog', dialog => {
    complaints?.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(`http://127.0.0.1:${port}/`, { timeout: LIMIT })
  return { page, asked, wanted, complaints } as Visit
}
