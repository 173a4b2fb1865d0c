import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Front, Lab } from '../kernel/lab/lab.js'
import type { Endpoint, Host } from '../kernel/lab/network.js'
import { waitFor } from '../support/wait-for.js'

/** A way to enforce bans, set up as its users do. */
export interface Contender {
  name: string
  /** further options of uWSGI */
  uwsgi?: (lab: Lab) => readonly (readonly [string, string])[]
  /** nginx in front unless said */
  front?: (lab: Lab, servers: readonly Endpoint[]) => Promise<Front>
  /** the options of xff-ban by which it bans; none for no enforcement at all */
  options?: (scene: Scene) => readonly string[]
  /** where xff-ban runs: on the app host unless said */
  at?: Host
  /** what its users set up by hand once it runs */
  follow?: (lab: Lab) => Promise<unknown>
}

/** Where a contender enforces. */
export interface Scene {
  lab: Lab
  front: Front
  /** the app's */
  ports: readonly number[]
}

const inFolder = (lab: Lab, name: string) => join(lab.folder, name)
const portOptions = ({ ports }: Scene) => ports.flatMap(port => ['--port', String(port)])
/** A file that the front end insists on. */
const emptyFile = (lab: Lab, name: string) => {
  const file = inFolder(lab, name)
  writeFileSync(file, '')
  return file
}

export const CONTENDERS: readonly Contender[] = [
  { name: 'no ban' },
  {
    name: 'files',
    uwsgi: lab => [['route-if', `isfile:${inFolder(lab, 'bans')}/\${HTTP_X_REAL_IP} break:403 Forbidden`]],
    options: ({ lab }) => ['--dir', inFolder(lab, 'bans')],
  },
  {
    name: 'haproxy',
    front: (lab, servers) => {
      const map = emptyFile(lab, 'banned.map')
      const more = [
        'http-request set-var(txn.now) date()',
        `http-request deny deny_status 403 if { src,map_ip_int(${map},0),sub(txn.now) gt 0 }`,
      ]
      return lab.haproxy({ to: servers, more })
    },
    options: ({ lab, front }) => [
      ...['--haproxy', join(front.folder, 'admin.sock')],
      ...['--map', inFolder(lab, 'banned.map')],
    ],
  },
  {
    name: 'nginx',
    front: (lab, servers) => lab.nginx({ to: servers, more: [`include ${emptyFile(lab, 'deny.conf')};`] }),
    options: ({ lab, front: { folder } }) => [
      ...['--nginx', inFolder(lab, 'deny.conf')],
      ...['--nginx-command', `nginx -c ${folder}/nginx.conf -p ${folder} -e ${folder}/error.log`],
    ],
    at: 'edge',
  },
  {
    name: 'ipset',
    options: () => ['--set', 'bench'],
    at: 'edge',
    follow: lab =>
      lab.command(
        [
          'iptables',
          '-I',
          'INPUT',
          '-p',
          'tcp',
          '--dport',
          '80',
          '-m',
          'set',
          '--match-set',
          'bench',
          'src',
          '-j',
          'DROP',
        ],
        { at: 'edge' },
      ),
  },
  { name: 'bpf', options: scene => [...portOptions(scene), '--packets', 'bpf'] },
  { name: 'iptables', options: scene => [...portOptions(scene), '--packets', 'iptables'] },
  {
    name: 'iptables, --block tcp-reset',
    options: scene => [
      ...portOptions(scene),
      ...['--packets', 'iptables', '--block', 'REJECT --reject-with tcp-reset'],
    ],
  },
]

/** Of the longest name, in characters. */
export const NAME_WIDTH = Math.max(...CONTENDERS.map(({ name }) => name.length))

export const startFront = (contender: Contender, lab: Lab, servers: readonly Endpoint[]): Promise<Front> =>
  contender.front?.(lab, servers) ?? lab.nginx({ to: servers })

/** Bans with a contender; the bans stand when xff-ban has ended. */
export async function ban(contender: Contender, scene: Scene, ips: readonly string[]): Promise<void> {
  if (!contender.options) return
  const { lab } = scene
  const options = [...contender.options(scene), '--state', inFolder(lab, 'journal')]
  const input = ips.map(ip => `{"type":"ban","ip":"${ip}"}\n`).join('')
  await lab.command(['xff-ban', ...options], { at: contender.at ?? 'app', input })
  await contender.follow?.(lab)
}

/** Starts xff-ban and the stages before it on a log file, and waits until it bans the first. */
export async function startBanning(
  contender: Contender,
  scene: Scene,
  log: string,
  failure: (ip: string) => void,
): Promise<void> {
  const { lab } = scene
  const options = (contender.options?.(scene) ?? []).map(word => `'${word}'`).join(' ')
  const pipeline = lab.pipeline(
    `tail -n 0 -F ${log} | uwsgi-parse | xff-window --max 1 --find 300 | ` +
      `xff-ban ${options} --state ${inFolder(lab, 'journal')}`,
    { at: contender.at ?? 'app' },
  )
  const banned = async () => {
    failure('198.51.100.250')
    return pipeline.records().length > 0
  }
  await waitFor('the first ban', banned, { every: 200 })
  await contender.follow?.(lab)
}
