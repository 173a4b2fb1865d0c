#!/usr/bin/env node
import { Readable } from 'node:stream'
import { parseWords, UsageError } from '../lib/cli/options/parse.js'
import { quote } from '../lib/cli/options/values.js'
import { run } from '../lib/cli/run.js'
import { findTerminal } from '../lib/cli/terminal.js'
import { formatPrefix, parsePrefix } from '../lib/net/prefix.js'
import { decode } from '../lib/wire/jsonl.js'
import { watchJails } from '../lib/xff-top/jails-eye.js'
import { usage } from '../lib/xff-top/options.js'
import { plainText } from '../lib/xff-top/picture.js'
import { watchRecords } from '../lib/xff-top/records-eye.js'
import { ENTER, LEAVE } from '../lib/xff-top/screen.js'
import { show } from '../lib/xff-top/show.js'
import { STREAM_TYPES, xffTop } from '../lib/xff-top/stage.js'

run(usage.command, async ({ onBadLine }) => {
  const read = await parseWords(usage, process.argv.slice(2))
  if (!read) return null
  const { given, words } = read
  const [word, ...rest] = words
  if ((word !== undefined && word !== '-') || rest.length > 0)
    throw new UsageError(`expected options, or - for records on stdin, got ${quote(rest[0] ?? word ?? '')}`)
  const find = given.find === undefined ? undefined : addressOf(given.find)
  const terminal = given.once || find !== undefined ? undefined : findTerminal(ENTER, LEAVE)
  const records = word === '-' ? watchRecords(Date.now) : undefined
  const eye = records ?? watchJails(given.folder, given.name, Date.now)
  const text = async () => {
    const board = await eye.look()
    return find === undefined ? plainText(board) : `${eye.explain(find).join('\n')}\n`
  }
  const summary = () => ''
  if (!terminal) {
    if (!records) return { input: Readable.from([Buffer.from(await text())]), stages: [], summary }
    return { stages: [...decode(STREAM_TYPES, onBadLine), xffTop(records.add, text)], summary }
  }
  const { ended, end } = await show(eye, terminal, {
    everyMs: given.every * 1000,
    monotonic: () => performance.now(),
  })
  process.once('SIGTERM', end).once('SIGINT', end)
  // it may be asked to end by a key, while more is still to be read
  ended.then(() => process.emit('SIGTERM'))
  const last = () => ended.then(() => '')
  if (!records) return { input: nothingUntil(ended), stages: [], summary }
  return { stages: [...decode(STREAM_TYPES, () => {}), xffTop(records.add, last)], summary }
})

/** Ends without anything. */
function nothingUntil(ended: Promise<void>): Readable {
  const nothing = new Readable({ read() {} })
  ended.then(() => nothing.push(null))
  return nothing
}

/** @throws UsageError */
function addressOf(text: string): string {
  const prefix = parsePrefix(text)
  if (!prefix) throw new UsageError(`--find: expected an address or a prefix, got ${quote(text)}`)
  return formatPrefix(prefix)
}
