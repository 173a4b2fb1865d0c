/**
 * Writes into dist/ what is made from tables of the sources: the manual pages and completion files, from share/man and
 * the options of the commands, and the JSON Schema of the records.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pkg from '../../package.json' with { type: 'json' }
import type { Usage } from '../cli/options/option.js'
import { usage as uwsgiParse } from '../uwsgi-parse/options.js'
import { recordSchema } from '../wire/schema.js'
import { usage as xffBan } from '../xff-ban/options.js'
import { usage as xffBus } from '../xff-bus/options.js'
import { usage as xffImport } from '../xff-import/options.js'
import { usage as xffJail } from '../xff-jail/options.js'
import { usage as xffNotify } from '../xff-notify/options.js'
import { usage as xffReport } from '../xff-report/options.js'
import { usage as xffTop } from '../xff-top/options.js'
import { usage as xffWindow } from '../xff-window/options.js'
import { bashCompletion } from './bash.js'
import { commandPage, topicPage } from './page.js'
import { zshCompletion } from './zsh.js'

const USAGES: readonly Usage[] = [
  uwsgiParse,
  xffWindow,
  xffBan,
  xffNotify,
  xffImport,
  xffReport,
  xffTop,
  xffJail,
  xffBus,
]

for (const file of readdirSync('share/man')) {
  const [, name = '', section = ''] = /^([\w-]+)\.(\d)\.md$/.exec(file) ?? []
  const prose = readFileSync(join('share/man', file), 'utf8')
  // section 7 is about more than a command
  const usage = section === '7' ? undefined : USAGES.find(({ command }) => command === name)
  const page = usage
    ? commandPage(usage, section, pkg.version, prose)
    : topicPage(name, section, pkg.version, prose)
  write(`man/${name}.${section}`, page)
}
for (const usage of USAGES) {
  write(`completion/bash/${usage.command}`, bashCompletion(usage))
  write(`completion/zsh/_${usage.command}`, zshCompletion(usage))
}

write('record.schema.json', `${JSON.stringify(recordSchema(), null, 2)}\n`)

function write(path: string, text: string): void {
  const file = join('dist', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
