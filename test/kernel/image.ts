/** The image, run without a registry: as share/containers/compose.yaml has it, beside an app on a bridge of containers. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { buildPackages } from '../support/build-packages.js'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { docker, IN_DOCKER, publish } from './lab/containers.js'
import { bundleOf, crun, type Service, unpackImage } from './lab/image.js'
import { createMachine, OUTSIDE } from './lab/machine.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import { uwsgiArguments } from './lab/uwsgi.js'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64'
const FOLDER = 'share/containers'
const NEEDS = ['crun', 'dpkg-deb', 'nginx', ...APP, ...BPF, ...PACKET_FILTER]

const compose: { services: Record<'log' | 'ban', Service> } = parse(
  readFileSync(join(FOLDER, 'compose.yaml'), 'utf8'),
  { merge: true },
)

t.test('the files of compose and of Kubernetes start the same containers', async t => {
  const text = readFileSync(join(FOLDER, 'daemonset.yaml'), 'utf8')
  const [, , daemonSet = ''] = text.split(/^---\n/m)
  const { containers } = parse(daemonSet).spec.template.spec
  for (const { name, image, command, securityContext, volumeMounts } of containers) {
    const service = compose.services[name as 'log' | 'ban']
    t.same(command, service.entrypoint, name)
    t.match(image, `/${service.image}`)
    t.equal(service.image, `xff-jail:${version}`)
    const { runAsUser, runAsGroup = 0, allowPrivilegeEscalation, readOnlyRootFilesystem } = securityContext
    t.same([allowPrivilegeEscalation, readOnlyRootFilesystem], [false, service.read_only])
    t.equal(`${runAsUser}:${runAsGroup}`, service.user ?? '0:0')
    t.same(securityContext.capabilities, {
      drop: ['ALL'],
      ...(service.cap_add && { add: service.cap_add }),
    })
    const places = [...service.volumes.map(volume => volume.split(':')[1]), ...(service.tmpfs ?? [])]
    const mounted = volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)
    t.same(mounted.sort(), places.map(place => place?.replace('/shop.conf', '')).sort())
  }
})

kernelTest('two containers of the image ban on a bridge, and nobody else', NEEDS, async t => {
  const machine = await createMachine(t)
  const { folder, command, serve, request } = machine
  const at = (name: string) => join(folder, name)
  for (const name of ['log', 'state', 'run', 'image']) mkdirSync(at(name))
  // docker makes a new volume like the folder in the image, or as its options say
  chmodSync(at('run'), 0o777)
  await buildPackages('image')
  const image = await unpackImage(`build/image/xff-jail_${version}_${arch}.oci.tar`, at('image'))

  await docker(machine, 'app', 'front')
  await publish(machine, 80, `${IN_DOCKER.front}:80`)
  const ini =
    '[uwsgi]\nhttp-socket = 0.0.0.0:3031\nlog-x-forwarded-for = true\nplugin = logfile\nreq-logger = file:app.log\n'
  await serve('app', uwsgiArguments({ ini }, at('log/app.log')), 3031)
  await command('app', ['sh', '-c', `chgrp adm ${at('log/app.log')} && chmod 640 ${at('log/app.log')}`])
  await machine.nginx('front', `${IN_DOCKER.app}:3031`)

  const sources = {
    ...{ './shop.conf': resolve(FOLDER, 'shop.conf'), '/var/log/uwsgi': at('log') },
    ...{ run: at('run'), state: at('state') },
  }
  for (const name of ['log', 'ban'] as const) {
    const bundle = bundleOf(at('image'), name, compose.services[name], image, sources)
    const container = await serve('host', crun('run', '--bundle', bundle, name))
    // one of them is in a network of its own, which does not end with the machine
    t.teardown(() => container.end())
  }
  const ask = (...words: string[]) => command('host', crun('exec', 'ban', ...words) as [string, ...string[]])
  await waitFor('the jail', async () => (await ask('xff-jail', 'list')) === '')

  for (let failures = 0; failures < 10; failures++)
    await request({ from: ATTACKER, to: OUTSIDE, path: '/404' })
  await waitFor('the ban', async () => (await request({ from: ATTACKER, to: OUTSIDE })).status === 403)
  t.match(await request({ from: USER, to: OUTSIDE }), { status: 200 }, 'a neighbour is served')
  t.match(JSON.parse(await ask('xff-jail', 'list')), { jail: 'shop', ip: ATTACKER })
  t.match(JSON.parse(await ask('xff-jail', 'status')), {
    ...{ running: true, bans: 1, way: /bpf/, amiss: [] },
    log: [{ file: '/var/log/uwsgi/app.log' }],
  })
  await ask('xff-jail', 'unban', ATTACKER)
  t.match(await request({ from: ATTACKER, to: OUTSIDE }), { status: 200 })
})
