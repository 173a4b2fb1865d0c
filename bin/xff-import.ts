#!/usr/bin/env node
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { parseWords, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { EXIT, ExitError } from '../lib/exit.js'
import { counted } from '../lib/text/counted.js'
import { readConfig } from '../lib/xff-import/config.js'
import { usage } from '../lib/xff-import/options.js'
import { pipelineOf, settingsOf } from '../lib/xff-import/print.js'
import { translateJail } from '../lib/xff-import/translate.js'

run(usage.command, async ({ warn }) => {
  const read = await parseWords(usage, process.argv.slice(2))
  if (!read) return null
  const { words, given } = read
  const [file] = words
  if (file === undefined || words.length > 1) {
    const got = words.map(word => JSON.stringify(word)).join(' and ') || 'none'
    throw new UsageError(`expected one file, jail.local or jail.conf, got ${got}`)
  }
  const config = await readConfig(file.replace(/\.(conf|local)$/, ''))
  config.problems.forEach(warn)
  if (config.files.length === 0)
    throw new ExitError(`cannot read ${JSON.stringify(file)}: no such file`, EXIT.noInput)
  const names = [...config.sections.keys()].filter(name => name !== 'DEFAULT' && name !== 'INCLUDES')
  const missing = given.jail.find(name => !names.includes(name))
  if (missing !== undefined) {
    throw new UsageError(`--jail: expected the name of a jail, got ${JSON.stringify(missing)}`)
  }
  const wanted = given.jail.length > 0 ? given.jail : names
  const jails = await Promise.all(
    wanted.map(name => translateJail(config, name, dirname(file), given.jail.length > 0)),
  )
  const translated = jails.filter(jail => !('skipped' in jail)).length
  const print = given.settings ? settingsOf : pipelineOf
  // a stock jail.conf has a hundred of them
  const isShown = (jail: (typeof jails)[number]) => given.jail.length > 0 || !('isOff' in jail)
  const off = jails.filter(jail => !isShown(jail)).length
  const shown = jails.filter(isShown).map(print)
  if (off > 0) shown.push(`# ${counted(off, 'jail')} left with fail2ban: not enabled\n`)
  return {
    input: Readable.from([Buffer.from(shown.join('\n'))]),
    stages: [],
    summary: () => `${counted(jails.length, 'jail')}, ${translated} carried over`,
  }
})
