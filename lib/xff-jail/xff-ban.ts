import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { EXIT, ExitError, messageOf } from '../exit.js'
import { parsePrefix } from '../net/prefix.js'
import { parseLine } from '../wire/jsonl.js'
import type { AllowRecord, BanRecord, DisallowRecord, HeldRecord, UnbanRecord } from '../wire/record.js'
import type { Jail } from './jails.js'
import { metricsFileIn } from './parts.js'

/** What a call of a command came to. */
export interface End {
  /** what it said on stderr, without the name of the command */
  said: string[]
  code: number
}

/** What a call of xff-ban came to. */
export interface Answer extends End {
  records: (BanRecord | HeldRecord | UnbanRecord | AllowRecord | DisallowRecord)[]
}

type AnswerRecord = Answer['records'][number]

/** Takes a record as soon as it is read, so that not all of them are held; the next one waits for it. */
export type Take = (record: AnswerRecord) => void | Promise<void>

/**
 * Calls xff-ban with a subcommand for one jail: it goes to the running process, or is carried out with the jail's settings.
 * @param take is given the records, of which none are in the answer then
 * @throws ExitError where there is no xff-ban
 */
export async function askXffBan(jail: Jail, words: readonly string[], take?: Take): Promise<Answer> {
  const options = ['--name', jail.name, ...withoutMetrics(jail.settings?.ban ?? [])]
  return answerOf(spawn('xff-ban', [...words, ...options], { stdio: ['ignore', 'pipe', 'pipe'] }), take)
}

/** @throws ExitError where there is no xff-ban */
export async function answerOf(
  child: ChildProcess & { stdout: Readable; stderr: Readable },
  take?: Take,
): Promise<Answer> {
  const records: AnswerRecord[] = []
  const read = async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const record = parseLine(line, ['ban', 'held', 'unban', 'allow', 'disallow'])
      if (typeof record === 'string') continue
      const taken = take ? take(record) : records.push(record)
      if (taken instanceof Promise) await taken
    }
  }
  const [end] = await Promise.all([endOf('xff-ban', child), read()])
  return { ...end, records }
}

/** @throws ExitError where there is no such command */
export async function endOf(command: string, child: ChildProcess & { stderr: Readable }): Promise<End> {
  const said = child.stderr.setEncoding('utf8').toArray()
  try {
    const [status]: (number | null)[] = await once(child, 'close')
    const lines = linesIn(await said).map(line => line.replace(`${command}: `, ''))
    return { said: lines, code: status ?? EXIT.software }
  } catch (error) {
    throw new ExitError(`cannot run ${command}: ${messageOf(error)}`, EXIT.unavailable, { cause: error })
  }
}

function linesIn(chunks: readonly string[]): string[] {
  return chunks.join('').split('\n').filter(Boolean)
}

/** The file belongs to the process that runs. */
export function withoutMetrics(options: readonly string[]): string[] {
  const file = metricsFileIn(options)
  return options.filter(
    (word, i) =>
      word !== '--metrics' &&
      word !== `--metrics=${file}` &&
      !(word === file && options[i - 1] === '--metrics'),
  )
}

/** @throws RangeError for what is neither an address nor a prefix, nor `@FILE` where xff-ban is to read it */
export function checkTargets(verb: string, targets: readonly string[]): void {
  if (targets.length === 0) throw new RangeError(`${verb}: expected addresses, got none`)
  const wrong = targets.find(target => !parsePrefix(target) && !(target.startsWith('@') && verb !== 'why'))
  if (wrong !== undefined)
    throw new RangeError(`${verb}: expected an address or a prefix, got ${JSON.stringify(wrong)}`)
}
