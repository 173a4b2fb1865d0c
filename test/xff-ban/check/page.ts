/** The page on bans without effect explains what `xff-ban check` says, in its words; and the text for people. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { verdictText } from '../../../lib/xff-ban/check/verdict.js'

const FOLDER = 'lib/xff-ban/check'
/** What is said of ports at the start of xff-ban, too. */
const OF_PORTS = 'lib/xff-ban/backend/reach.ts'
const PAGE = readFileSync('share/no-effect.md', 'utf8')

t.test('each symptom of the page is what check says', async t => {
  const source = [...readdirSync(FOLDER).map(file => join(FOLDER, file)), OF_PORTS]
    .map(file => readFileSync(file, 'utf8'))
    .join('\n')
    // texts over several lines
    .replace(/['`] \+\n\s*['`]/g, '')
    // what stands for them on the page
    .replace(/\$\{[^}]*\}/g, '…')
  const symptoms = [...PAGE.matchAll(/^\| `([^`]+)` \|/gm)].map(([, symptom = '']) => symptom)
  t.ok(symptoms.length > 20)
  for (const symptom of symptoms) t.ok(source.includes(symptom), symptom)
})

t.test('the text shows each step, and behind them the cures', async t => {
  const [shown = ''] = /```text\n([^`]*)```/.exec(PAGE)?.slice(1) ?? []
  const [, ...rows] = shown.split('\n\n')[0]?.split('\n') ?? []
  const [what = '', cure = ''] = (shown.split('\n').at(-2) ?? '').split(/: (.*)/)
  const steps = rows.map(row => {
    const [, word, step = '', what = ''] = /^(\S+) +((?:ban )?\w+) +(.*)$/.exec(row) ?? []
    return { step, ok: word === 'yes', what, ...(word === 'NO' && { cure }) }
  })
  t.equal(steps.length, 5)
  t.equal(what, 'ban point')
  const verdict = { url: 'http://x/', ok: false, client: null, steps } as Parameters<typeof verdictText>[0]
  t.equal(verdictText(verdict), shown, 'as the page has it')
  const all = verdict.steps.map(({ step }) => ({ step, ok: true, what: 'a\u001b[31m' }))
  const text = verdictText({ ...verdict, ok: true, steps: all })
  t.match(text, /^yes {2}request {4}a\\u\{1b\}\[31m$/m, 'what clients sent is harmless')
  t.match(text, /\nA ban of this client would bite\.\n$/)
})
