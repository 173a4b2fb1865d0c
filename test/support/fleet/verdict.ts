import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { withCommands } from '../commands.js'

/** What a fleet has made of its logs, against one process that reads all of them. */
export interface Verdict {
  records: number
  bans: number
  /** of records, bans in the stream, and bans in the journals of the hosts */
  lost: string[]
  doubled: string[]
}

/** What one process makes of all the logs. A ban is told from another by whom it hits, since when, for how many failures. */
export interface Wanted {
  records: string[]
  bans: string[]
}

/** @param window the options of xff-window */
export async function wantedOf(logs: readonly string[], window: string): Promise<Wanted> {
  const env = withCommands({ TZ: 'UTC' })
  const run = async (line: string, input: string) =>
    (await execa('bash', ['-c', line], { env, input, maxBuffer: 1 << 30 })).stdout
  const each = await Promise.all(
    logs.map(async log =>
      linesOf(await run('uwsgi-parse --socket http 2>/dev/null', readFileSync(log, 'utf8'))),
    ),
  )
  const isRequest = (line: string) => line.startsWith('{"type":"request"')
  // by their times, which stand at the same place in all of them
  const records = each
    .flat()
    .filter(isRequest)
    .sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1))
  const bans = await run(`xff-window ${window} 2>/dev/null`, records.map(line => `${line}\n`).join(''))
  return { records, bans: bansIn(bans) }
}

/** Compares the streams, and the journals and what was told on the hosts. */
export function judge(
  wanted: Wanted,
  stream: { records: string; bans: string },
  hosts: readonly { name: string; journal: string; told: readonly string[] }[],
): Verdict {
  const verdict: Verdict = { records: wanted.records.length, bans: wanted.bans.length, lost: [], doubled: [] }
  const compare = (where: string, want: readonly string[], got: readonly string[]) => {
    const left = countsOf(got)
    for (const one of want) {
      const count = left.get(one) ?? 0
      if (count === 0) verdict.lost.push(`${where}: ${one}`)
      left.set(one, count - 1)
    }
    for (const [one, count] of left)
      if (count > 0) verdict.doubled.push(`${where}: ${count} times too often: ${one}`)
  }
  compare('requests', wanted.records, linesOf(stream.records))
  compare('bans', wanted.bans, bansIn(stream.bans))
  for (const { name, journal, told } of hosts) {
    compare(`${name}, journal`, wanted.bans, bansIn(journal))
    // one that was killed between the journal and its stdout has not told it
    const tellings = told.flatMap(bansIn)
    compare(`${name}, told`, [...new Set(tellings)], tellings)
  }
  return verdict
}

/** The bans in JSON Lines; a line that was cut off by a kill is none. */
export function bansIn(text: string): string[] {
  return linesOf(text).flatMap(line => {
    try {
      const { type, ip, since, failures } = JSON.parse(line)
      return type === 'ban' ? [`${ip} since ${since}, ${failures}`] : []
    } catch {
      return []
    }
  })
}

export function journalOf(dir: string, name: string): string {
  try {
    return readFileSync(join(dir, `${name}.jsonl`), 'utf8')
  } catch {
    return ''
  }
}

function linesOf(text: string): string[] {
  return text.split('\n').filter(Boolean)
}

/** `{"type":"request","time":"2026-11-22T14:06:08.000Z"` */
function timeOf(line: string): string {
  return line.slice(26, 50)
}

function countsOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}
