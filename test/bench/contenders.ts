import { join } from 'node:path'
import type { Front, Lab } from '../kernel/lab/lab.js'
import type { Endpoint } from '../kernel/lab/network.js'
import { until } from '../kernel/lab/until.js'

/** A way to enforce bans, set up as its users do. */
export interface Contender {
  name: string
  /** further options of uWSGI */
  uwsgi?: (lab: Lab) => readonly (readonly [string, string])[]
  /** nginx in front unless said */
  front?: (lab: Lab, servers: readonly Endpoint[]) => Promise<Front>
  /** the options of xff-ban by which it bans; none for no enforcement at all */
  ban?: (lab: Lab, ports: readonly number[]) => readonly string[]
}

const dirOf = (lab: Lab) => join(lab.folder, 'bans')
const portOptions = (ports: readonly number[]) => ports.flatMap(port => ['--port', String(port)])

export const CONTENDERS: readonly Contender[] = [
  { name: 'no ban' },
  {
    name: 'files',
    uwsgi: lab => [['route-if', `exists:${dirOf(lab)}/\${HTTP_X_REAL_IP} break:403 Forbidden`]],
    ban: lab => ['--dir', dirOf(lab)],
  },
  { name: 'bpf', ban: (_, ports) => [...portOptions(ports), '--packets', 'bpf'] },
  { name: 'iptables', ban: (_, ports) => [...portOptions(ports), '--packets', 'iptables'] },
  {
    name: 'iptables, --block tcp-reset',
    ban: (_, ports) => [...portOptions(ports), '--block', 'REJECT --reject-with tcp-reset'],
  },
]

export const startFront = (contender: Contender, lab: Lab, servers: readonly Endpoint[]): Promise<Front> =>
  contender.front?.(lab, servers) ?? lab.nginx({ to: servers })

/** Bans with a contender; the bans stand when xff-ban has ended. */
export async function ban(
  contender: Contender,
  lab: Lab,
  ports: readonly number[],
  ips: readonly string[],
): Promise<void> {
  if (!contender.ban) return
  const options = contender.ban(lab, ports)
  await lab.command(['xff-ban', ...options, '--state', join(lab.folder, 'journal')], {
    input: ips.map(ip => `{"type":"ban","ip":"${ip}"}\n`).join(''),
  })
}

/** Starts xff-ban and the stages before it on a log file, and waits until it bans the first. */
export async function startBanning(
  contender: Contender,
  lab: Lab,
  ports: readonly number[],
  log: string,
  failure: (ip: string) => void,
): Promise<void> {
  const options = (contender.ban?.(lab, ports) ?? []).map(word => `'${word}'`).join(' ')
  const pipeline = lab.pipeline(
    `tail -n 0 -F ${log} | uwsgi-parse | xff-window --max 1 --find 300 | xff-ban ${options} --state ${lab.folder}/journal`,
  )
  await until(
    'the first ban',
    () => {
      failure('192.0.2.77')
      return pipeline.records().length > 0
    },
    { every: 200 },
  )
}
