import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Lab } from '../kernel/lab/lab.js'
import { listening } from '../kernel/lab/listening.js'
import { ADDRESSES } from '../kernel/lab/network.js'
import { wholeNginx } from '../kernel/lab/nginx.js'
import { startTable } from './table.js'
import { withLab } from './with-lab.js'

const BANS = [0, 5000, 20_000]
const MATCHES = ['http', 'nginx', 'X-Edge: {ip};']
const PORT = 3031
const SCRIPT = fileURLToPath(new URL('clients.js', import.meta.url))

/** What listens on the port. */
const APPS = {
  // connections are made anew for each request, as nginx does unless told otherwise
  uWSGI: { connections: 'fresh', start: (lab: Lab) => lab.uwsgi({ http: PORT, listen: 4096 }) },
  // faster than any app: what is left is the packet filter's own cost
  'nginx, return 200': { connections: 'kept', start: startServer },
} as const

/** What the port still carries when many are banned, and how long they take to restore. */
export async function measureFlood(): Promise<void> {
  const row = startTable(
    'many bans: requests a second (of a browser, 32 at a time), and the time from the start of xff-ban until ' +
      'earlier bans stand again',
    ['app', '--match', 'bans', 'requests/s', 'ratio', 'restored in'],
    [...[Object.keys(APPS), MATCHES].map(names => Math.max(...names.map(({ length }) => length))), 5],
  )
  for (const [app, { connections, start }] of Object.entries(APPS)) {
    for (const match of MATCHES) {
      await withLab(async lab => {
        await start(lab)
        let bare = 0
        for (const bans of BANS) {
          const seconds = bans === 0 ? undefined : await restore(lab, match, bans)
          const rate = await throughput(lab, connections)
          if (bans === 0) bare = rate
          const restored = seconds === undefined ? '' : `${seconds.toFixed(2)} s`
          row([app, match, String(bans), rate.toFixed(0), (rate / bare).toFixed(2), restored])
        }
      })
    }
  }
}

/** An nginx that answers by itself. */
async function startServer(lab: Lab): Promise<void> {
  const folder = join(lab.folder, 'server')
  mkdirSync(folder)
  const file = join(folder, 'nginx.conf')
  const answer = `server { listen ${ADDRESSES.app.v4}:${PORT}; location / { return 200 "ok"; } }`
  writeFileSync(file, wholeNginx(`keepalive_requests 100000000; ${answer}`, folder))
  const server = lab.pipeline(`exec nginx -c ${file} -p ${folder} -e ${folder}/error.log`)
  await listening(server, [PORT])
}

async function throughput(lab: Lab, connections: 'kept' | 'fresh'): Promise<number> {
  const argv = [process.execPath, SCRIPT, ADDRESSES.app.v4, String(PORT), connections] as const
  return Number(await lab.command([...argv], { at: 'edge' }))
}

/** Starts xff-ban on a journal of bans, in an empty kernel. @returns how long that takes, in seconds */
async function restore(lab: Lab, match: string, bans: number): Promise<number> {
  const state = join(lab.folder, `journal-${bans}`)
  const options = ['--port', String(PORT), '--match', match, '--state', state] as const
  const empty = join(lab.folder, `empty-${bans}`)
  await lab.command(['xff-ban', '--port', String(PORT), '--state', empty, '--flush'])
  const time = new Date().toISOString()
  const until = new Date(Date.now() + 86_400_000).toISOString()
  const record = (ip: string) => `${JSON.stringify({ type: 'ban', time, ip, until, count: 1 })}\n`
  writeFileSync(state, addresses(bans).map(record).join(''))
  const start = performance.now()
  await lab.command(['xff-ban', ...options])
  return (performance.now() - start) / 1000
}

/** Public addresses spread over all of them, the same at every run. */
function addresses(count: number): string[] {
  const found = new Set<string>()
  // the steps are odd, so no address comes again before all have
  for (let i = 1; found.size < count; i++) {
    const bits = Math.imul(i, 0x9e3779b1) >>> 0
    const octets = [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255] as const
    if ([0, 10, 100, 127, 169, 172, 192, 198].includes(octets[0]) || octets[0] > 223) continue
    found.add(octets.join('.'))
  }
  return [...found]
}
