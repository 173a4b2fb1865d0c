/** Behind every common front end the log names the true client, and a ban stops him and nobody else. */
import { ATTACKER, ATTACKER6 } from './addresses.js'
import { attackUntilRefused, isRefused, othersAreServed, startFiltering } from './lab/attack.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import type { Uwsgi } from './lab/uwsgi.js'

const OPTIONS = '--port 3031'

// `--match http` would do as well, but for him who ends a list in his own header with the attacker's address:
// HAProxy passes that on as a line of its own, which looks like nginx's
const HAPROXY = '--match haproxy'

front('HAProxy with option forwardfor', 'haproxy', `${OPTIONS} ${HAPROXY}`, (lab, { http }) =>
  lab.haproxy({ to: [http] }),
)

front('nginx with upstream keepalive', 'nginx', OPTIONS, (lab, { http }) =>
  lab.nginx({ to: [http], keepalive: 8 }),
)

front('nginx behind nginx', 'nginx', `${OPTIONS} --match behind:10.77.0.1`, async (lab, { http }) => {
  const inner = await lab.nginx({ at: 'inner', to: [http] })
  return lab.nginx({ to: [inner] })
})

function front(
  name: string,
  program: string,
  options: string,
  start: (lab: Lab, uwsgi: Uwsgi) => Promise<Front>,
): void {
  kernelTest(name, [program, ...APP, ...PACKET_FILTER], async t => {
    const lab = await createLab(t)
    const uwsgi = await lab.uwsgi()
    const scene = { lab, uwsgi, front: await start(lab, uwsgi) }
    await startFiltering(scene, options)
    for (const attacker of [ATTACKER, ATTACKER6]) await attackUntilRefused(t, scene, attacker)
    for (const attacker of [ATTACKER, ATTACKER6]) await isRefused(t, scene, attacker)
    await othersAreServed(t, scene)
  })
}
