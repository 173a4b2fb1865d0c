import { messageOf } from '../../exit.js'
import { runProgram } from '../backend/run-program.js'
import type { Found } from './log-watch.js'
import type { Step } from './verdict.js'

/** How a log is read, as uwsgi-parse has the options. */
export interface ReadingOptions {
  ini: string | undefined
  'log-format': string | undefined
  socket: string | undefined
  layout: string | undefined
  address: string | undefined
  field: string | undefined
  hops: number | undefined
  trust: readonly string[]
}

/** What uwsgi-parse made of the line. */
export interface Reading {
  /** the client; null where it cannot be known */
  ip: string | null
  status: number | undefined
  /** whether the line says when it was */
  isDated: boolean
  /** the addresses of the line from right to left, each with what was made of it, and in the end the client */
  hops: string[]
}

/** The line as uwsgi-parse reads it. @param parser what starts uwsgi-parse @returns the reading, or why there is none */
export async function readFound(
  parser: readonly string[],
  { previous, line }: Found,
  token: string,
  options: ReadingOptions,
): Promise<Reading | Step> {
  const argv = [...parser, '--all', ...argumentsOf(options)]
  const input = Buffer.from(`${previous}\n${line}\n`, 'latin1')
  const given = argumentsOf(options)
    .filter(word => word.startsWith('--'))
    .join(' ')
  try {
    const records = (await runProgram(argv, input)).split('\n').filter(Boolean)
    const record = records.find(text => text.includes(token))
    if (record === undefined) return noRequest(line, given)
    const { ip, status, time } = JSON.parse(record)
    const explained = await runProgram([...argv, '--explain'], input)
    const blocks = explained.split(/^(?=line \d+: )/m).filter(block => block.includes(token))
    const hops = (blocks.at(-1) ?? '')
      .split('\n')
      .slice(1)
      .map(text => text.trim())
    return { ip, status, isDated: time !== null, hops: hops.filter(Boolean) }
  } catch (error) {
    return { step: 'reading', ok: false, what: messageOf(error) }
  }
}

function noRequest(line: string, given: string): Step {
  return {
    step: 'reading',
    ok: false,
    what: `the line is no request${given === '' ? " of uWSGI's own layout" : ` with ${given}`}: ${line.slice(0, 160)}`,
    cure:
      'the log has another layout: give --ini FILE or --log-format FORMAT, or --layout SERVER for that of another server, the ' +
      'same to uwsgi-parse; where it is JSON, ' +
      '--field NAME',
  }
}

function argumentsOf({ trust, hops, ...rest }: ReadingOptions): string[] {
  const single = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  )
  return [
    ...single,
    ...(hops === undefined ? [] : ['--hops', String(hops)]),
    ...trust.flatMap(range => ['--trust', range]),
  ]
}
