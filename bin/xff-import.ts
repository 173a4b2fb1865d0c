#!/usr/bin/env node
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { parseWords, UsageError } from '../lib/cli/command-line.js'
import * as cli from '../lib/cli/options.js'
import { EXIT, run } from '../lib/cli/run.js'
import { text } from '../lib/cli/values.js'
import { readConfig } from '../lib/xff-import/config.js'
import { carryOver } from '../lib/xff-import/jail.js'
import { pipelineOf, settingsOf } from '../lib/xff-import/print.js'

const options = {
  settings: cli.flag('print a settings file for each jail, not a pipeline'),
  jail: cli.repeated('NAME', 'this jail only', text),
}

const FORMS = `  xff-import /etc/fail2ban/jail.local     reads it with all that belongs to it: jail.conf, jail.d, filter.d, action.d`

/** There is nothing to import from. */
class InputError extends Error {
  readonly exitCode = EXIT.noInput
}

run('xff-import', async ({ say }) => {
  const read = await parseWords(
    'xff-import',
    'Prints the pipeline for each jail of fail2ban that watches a log of uWSGI.',
    FORMS,
    options,
    process.argv.slice(2),
  )
  if (!read) return null
  const { words, given } = read
  const [file] = words
  if (file === undefined || words.length > 1) {
    const got = words.map(word => JSON.stringify(word)).join(' and ') || 'none'
    throw new UsageError(`expected one file, jail.local or jail.conf, got ${got}`)
  }
  const config = await readConfig(file.replace(/\.(conf|local)$/, ''))
  config.faults.forEach(say)
  if (config.files.length === 0) throw new InputError(`cannot read ${JSON.stringify(file)}: no such file`)
  const names = [...config.sections.keys()].filter(name => name !== 'DEFAULT' && name !== 'INCLUDES')
  const missing = given.jail.find(name => !names.includes(name))
  if (missing !== undefined) {
    throw new UsageError(`--jail: expected the name of a jail, got ${JSON.stringify(missing)}`)
  }
  const wanted = given.jail.length > 0 ? given.jail : names
  const jails = await Promise.all(wanted.map(name => carryOver(config, name, dirname(file))))
  const carried = jails.filter(jail => !('because' in jail)).length
  const print = given.settings ? settingsOf : pipelineOf
  return {
    input: Readable.from([Buffer.from(jails.map(print).join('\n'))]),
    stages: [],
    summary: () => `${jails.length} jails, ${carried} carried over`,
  }
})
