/** Behind every common front end the log names the true client, and a ban stops him and nobody else. */
import { ATTACKER, ATTACKER6 } from './addresses.js'
import {
  attackUntilRefused,
  isRefused,
  othersAreServed,
  startFiltering,
  strangeLinesAreServed,
} from './lab/attack.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import type { Endpoint } from './lab/network.js'
import type { Uwsgi } from './lab/uwsgi.js'

const SET = '--port 3031'
const APPENDED = `${SET} --appended`

/** As the page says: what clients write is removed. */
const REMOVES = ['http-request del-header ^x[-_]forwarded[-_]for$ -m reg']

front('HAProxy with option forwardfor', 'haproxy', `${SET} --match haproxy`, { start: haproxy })

front('HAProxy without --match haproxy', 'haproxy', SET, { start: haproxy })

function haproxy(lab: Lab, { http }: Uwsgi): Promise<Front> {
  return lab.haproxy({ to: [http], more: REMOVES })
}

front('nginx with upstream keepalive', 'nginx', APPENDED, {
  appends: true,
  start: (lab, { http }) => lab.nginx({ to: [http], keepalive: 8 }),
})

front('nginx behind nginx', 'nginx', `${SET} --match behind:10.77.0.1`, {
  start: (lab, { http }) => nginxBehindNginx(lab, http, 'set'),
})

front('nginx behind nginx, both of which append', 'nginx', `${APPENDED} --match behind:10.77.0.1`, {
  appends: true,
  start: (lab, { http }) => nginxBehindNginx(lab, http, 'appended'),
})

async function nginxBehindNginx(lab: Lab, to: Endpoint, forwarded: 'set' | 'appended'): Promise<Front> {
  const inner = await lab.nginx({ at: 'inner', to: [to] })
  return lab.nginx({ to: [inner], forwarded })
}

interface Behind {
  /** whether the front end appends to what clients write, so that more than its own lines is matched */
  appends?: true
  start: (lab: Lab, uwsgi: Uwsgi) => Promise<Front>
}

function front(name: string, program: string, options: string, { appends, start }: Behind): void {
  kernelTest(name, [program, ...APP, ...PACKET_FILTER], async t => {
    const lab = await createLab(t)
    const uwsgi = await lab.uwsgi()
    const scene = { lab, uwsgi, front: await start(lab, uwsgi) }
    await startFiltering(scene, options)
    for (const attacker of [ATTACKER, ATTACKER6]) await attackUntilRefused(t, scene, attacker)
    for (const attacker of [ATTACKER, ATTACKER6]) await isRefused(t, scene, attacker)
    await othersAreServed(t, scene)
    if (!appends) await strangeLinesAreServed(t, scene)
  })
}
