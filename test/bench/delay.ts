import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Front, Lab } from '../kernel/lab/lab.js'
import { isFromApp } from '../kernel/lab/request.js'
import { waitFor } from '../support/wait-for.js'
import { CONTENDERS, type Contender, NAME_WIDTH, startBanning, startFront } from './contenders.js'
import { milliseconds, quantile, startTable } from './table.js'
import { withLab } from './with-lab.js'

/** Each of them is banned once. */
const CLIENTS = Array.from({ length: 100 }, (_, i) => `203.0.113.${100 + i}`)
/** A request unanswered for so long was refused, in milliseconds; an answer takes one. */
const UNANSWERED = 80
/** How long to wait for a ban, in milliseconds. */
const PATIENCE = 5000
/** After so many milliseconds a ban is a lone one: those that follow each other sooner than 25 ms go in batches. */
const APART = 60

/** From the write of the line that tips a lone ban to the first packet that is refused. */
export async function measureDelay(): Promise<void> {
  const row = startTable(
    'from the write of the log line to the first refused request (one every few ms) of a lone ban',
    ['enforcement', 'bans', 'p50', 'p99'],
    [NAME_WIDTH, 4, 7, 7],
  )
  for (const contender of CONTENDERS.filter(({ options }) => options)) {
    const delays = await withLab(lab => delaysOf(contender, lab), { clients: CLIENTS })
    const [p50, p99] = [0.5, 0.99].map(share => milliseconds(quantile(delays, share)))
    row([contender.name, String(delays.length), p50 ?? '', p99 ?? ''])
  }
}

async function delaysOf(contender: Contender, lab: Lab): Promise<number[]> {
  const uwsgi = await lab.uwsgi({ http: 3031, listen: 4096, more: contender.uwsgi?.(lab) ?? [] })
  const front = await startFront(contender, lab, [uwsgi.http])
  const log = join(lab.folder, 'failures.log')
  writeFileSync(log, '')
  const failure = (ip: string) => appendFileSync(log, failureLine(ip))
  await startBanning(contender, { lab, front, ports: [3031] }, log, failure)
  const delays: number[] = []
  for (const ip of CLIENTS) {
    await waitFor(`an answer to ${ip}`, () => isServed(lab, front, ip))
    await pause(APART)
    const start = performance.now()
    failure(ip)
    for (;;) {
      const sent = performance.now()
      if (sent - start > PATIENCE) throw new Error(`${contender.name}: ${ip} is not refused`)
      if (await isServed(lab, front, ip)) continue
      delays.push(sent - start)
      break
    }
  }
  return delays
}

/** Whether the app answers a client. */
async function isServed(lab: Lab, to: Front, from: string): Promise<boolean> {
  return isFromApp(await lab.request({ from, to, within: UNANSWERED }))
}

/** As uWSGI writes it. */
function failureLine(ip: string): string {
  const at = new Date().toString().replace(/^(\w+ \w+ )(\d+) (\d{4}) (\S+) .*/, '$1$2 $4 $3')
  return (
    `[pid: 1|app: 0|req: 1/1] ${ip} () {24 vars in 247 bytes} [${at}] ` +
    'GET /404 => generated 3 bytes in 0 msecs (HTTP/1.0 404) 2 headers in 71 bytes (1 switches on core 0)\n'
  )
}
