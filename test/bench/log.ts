import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A log as uWSGI would have written it: the same at every run. */
export function makeLog(file: string, lines: number, percentFailures: number): void {
  if (existsSync(file)) return
  mkdirSync(dirname(file), { recursive: true })
  let state = 12_345
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
  const start = Date.UTC(2026, 10, 22)
  const out = openSync(`${file}.part`, 'w')
  let block = ''
  for (let i = 0; i < lines; i++) {
    const failed = random(100) < percentFailures
    const ip = failed ? `203.0.${random(20)}.${random(256)}` : `198.51.${random(100)}.${random(256)}`
    const status = failed ? [404, 403, 500, 401][random(4)] : [200, 200, 302, 304][random(4)]
    block +=
      `[pid: ${20_000 + random(8)}|app: 0|req: ${i >> 3}/${i}] ${random(5) > 0 ? ip : `8.8.8.8, ${ip}`} () ` +
      `{${24 + random(20)} vars in ${300 + random(500)} bytes} [${ctime(start + i * 20)}] ` +
      `${random(4) > 0 ? 'GET' : 'POST'} /path/${random(1000)}/page?x=${random(100_000)} => ` +
      `generated ${random(20_000)} bytes in ${random(50)} msecs (HTTP/1.1 ${status}) ` +
      `${2 + random(5)} headers in ${64 + random(100)} bytes (1 switches on core ${random(4)})\n`
    if (block.length > 1 << 20) {
      writeSync(out, block)
      block = ''
    }
  }
  writeSync(out, block)
  closeSync(out)
  renameSync(`${file}.part`, file)
}

function ctime(time: number): string {
  const date = new Date(time)
  const day = String(date.getUTCDate()).padStart(2)
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${date.toISOString().slice(11, 19)} ${date.getUTCFullYear()}`
}
