import { spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { withCommands } from '../support/commands.js'

/** From the writing of a line to its ban on stdout, one after the other. */
export async function liveDelays(count: number): Promise<number[]> {
  const child = spawn('bash', ['-c', 'uwsgi-parse | xff-window --max 1 | xff-ban --dry-run'], {
    env: { ...process.env, ...withCommands({ TZ: 'UTC' }) },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const answers = child.stdout[Symbol.asyncIterator]()
  const date = new Date()
    .toUTCString()
    .replace(/^(...), (\d\d) (...) (\d{4}) (\S+) GMT$/, '$1 $3 $2 $5 $4')
    .replace(/ 0(\d) /, '  $1 ')
  const delays: number[] = []
  for (let i = 0; i < count; i++) {
    const began = performance.now()
    child.stdin.write(
      `[pid: 7|app: 0|req: 1/1] 203.0.${i >> 8}.${i & 255} () {1 vars in 1 bytes} [${date}] GET / => ` +
        'generated 3 bytes in 0 msecs (HTTP/1.0 404) 2 headers in 71 bytes (1 switches on core 0)\n',
    )
    await answers.next()
    delays.push(performance.now() - began)
    // a lone line: what comes at the heels of another ban is gathered with it
    await setTimeout(60)
  }
  child.stdin.end()
  child.stdout.resume()
  return delays.slice(20)
}
