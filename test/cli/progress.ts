/** Progress, on a real terminal made by script(1). */
import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { progressLine } from '../../lib/cli/progress.js'
import { FIXTURES, withCommands } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'
import { LIMIT } from '../support/wait-for.js'

const env = withCommands({ TZ: 'UTC', TERM: 'xterm' })
const dir = tempDir(t)
const log = join(dir, 'log')
writeFileSync(log, readFileSync(join(FIXTURES, 'attack/uwsgi.log'), 'utf8').repeat(30))

/** Runs a line of shell on a terminal; what it shows comes with its escape sequences. */
function onTerminal(line: string) {
  return execa('script', ['-qec', line, '/dev/null'], { env, stdin: 'ignore', timeout: LIMIT })
}

/** The lines a terminal shows in the end. */
function rendered(screen: string): string[] {
  return screen.split('\n').map(line => {
    let shown = ''
    let column = 0
    for (const [piece] of line.matchAll(/\r|\x1b\[K|[^\r\x1b]+/g)) {
      if (piece === '\r') column = 0
      else if (piece === '\x1b[K') shown = shown.slice(0, column)
      else {
        shown = shown.slice(0, column) + piece + shown.slice(column + piece.length)
        column += piece.length
      }
    }
    return shown
  })
}

t.test('progress shows how far it is, how fast, and how long it takes', async t => {
  const line = (read: number, total: number, milliseconds: number) =>
    progressLine('x', { read, total, milliseconds })
  t.equal(line(118_400_000, 281_000_000, 1230), 'x: 42%, 118 MB of 281 MB, 96.3 MB/s, 2 s left')
  t.equal(line(0, 999, 250), 'x: 0%, 0 B of 999 B, 0 B/s')
  t.equal(line(1000, 999_600, 1000), 'x: 0%, 1.00 kB of 1.00 MB, 1.00 kB/s, 16:39 min left')
  t.equal(line(10 ** 6, 10 ** 10, 1000), 'x: 0%, 1.00 MB of 10.0 GB, 1.00 MB/s, 2:47 h left')
  t.equal(line(200, 100, 1000), 'x: 100%, 200 B of 200 B, 200 B/s, 0 s left', 'a log that grew')
})

t.test('progress of a file is one line of the terminal, which is gone in the end', async t => {
  const fifo = join(dir, 'fifo')
  await execa('mkfifo', [fifo])
  const shown = onTerminal(`uwsgi-parse --all < '${log}' > '${fifo}'`)
  const records = createReadStream(fifo)
  let screen = ''
  // nothing is read from it until the progress was seen twice
  await new Promise<void>(resolve => {
    shown.stdout.on('data', chunk => {
      screen += chunk
      if (/%.*%/s.test(screen)) resolve()
    })
  })
  records.resume()
  await shown
  t.match(screen, /\ruwsgi-parse: \d+%, [\d.]+ MB of 16\.9 MB, [\d.]+ [kM]B\/s(?:, [\d:]+ \w+ left)?\x1b\[K/)
  t.match(rendered(screen), [/^uwsgi-parse: 84090 lines, /, ''], 'only the summary stays')
  t.equal(rendered(screen).length, 2)
})

t.test('no progress is shown without a terminal, or where records go to it', async t => {
  const piped = await onTerminal(`cat '${log}' | uwsgi-parse --all > /dev/null`)
  t.match(piped.stdout, /^uwsgi-parse: \d+ lines,[^\r\x1b]*$/, 'the input is a pipe')
  const line = `uwsgi-parse --all < '${log}' > /dev/null`
  const { stderr } = await execa('bash', ['-c', line], { env })
  t.match(stderr, /^uwsgi-parse: \d+ lines,[^\r\x1b]*$/, 'stderr is a pipe')
  const both = await onTerminal(`uwsgi-parse < '${log}'`)
  t.notMatch(both.stdout, /%, [\d.]+ MB of|\x1b/, 'stdout is the terminal')
  const dumb = await onTerminal(`TERM=dumb uwsgi-parse --all < '${log}' > /dev/null`)
  t.notMatch(dumb.stdout, /\x1b/)
})
