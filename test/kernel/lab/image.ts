/** The image as a registry would hand it out, and its containers as docker compose starts them: by crun, without a docker. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'

/** What share/containers/compose.yaml says of a service; a field that is not here is one that nobody has tried. */
export interface Service {
  entrypoint: string[]
  network_mode: 'none' | 'host'
  read_only: boolean
  cap_drop: string[]
  security_opt: string[]
  cap_add?: string[]
  user?: string
  tmpfs?: string[]
  volumes: string[]
  image: string
  restart: string
}
const FIELDS = [
  ...['entrypoint', 'network_mode', 'read_only', 'cap_drop', 'security_opt', 'cap_add', 'user', 'tmpfs'],
  ...['volumes', 'image', 'restart'],
]

/**
 * Unpacks an archive in OCI layout, after it has compared the checksums.
 * @param to a folder for the layout and the root file system
 * @returns the configuration of the image
 */
export async function unpackImage(archive: string, to: string): Promise<{ Env: string[] }> {
  const [layout, root] = [join(to, 'layout'), join(to, 'rootfs')]
  for (const folder of [layout, root]) mkdirSync(folder)
  await execa('tar', ['-xf', archive, '-C', layout])
  const blob = ({ digest, size }: { digest: string; size: number }) => {
    const path = join(layout, 'blobs', digest.replace(':', '/'))
    const bytes = readFileSync(path)
    const sum = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    if (sum !== digest || bytes.length !== size) throw new Error(`${path} is another file than ${digest}`)
    return { path, json: () => JSON.parse(bytes.toString()) }
  }
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
  const manifest = blob(index.manifests[0]).json()
  for (const layer of manifest.layers) await execa('tar', ['-xzf', blob(layer).path, '-C', root])
  return blob(manifest.config).json().config
}

/**
 * Writes what crun runs as a service: `crun run --bundle BUNDLE NAME`.
 * @param sources where the volumes are, by what the file calls them
 * @returns the bundle
 */
export function bundleOf(
  folder: string,
  name: string,
  service: Service,
  { Env: env }: { Env: string[] },
  sources: Readonly<Record<string, string>>,
): string {
  const strange = Object.keys(service).filter(field => !FIELDS.includes(field))
  if (strange.length > 0) throw new Error(`${name}: nobody has tried ${strange.join(', ')}`)
  const [uid = 0, gid = 0] = (service.user ?? '0:0').split(':').map(Number)
  const own = (service.cap_add ?? []).map(capability => `CAP_${capability}`)
  // as docker gives them to a container that is not root: none
  const held = uid === 0 ? own : []
  const tmpfs = (destination: string) => ({ destination, type: 'tmpfs', source: 'tmpfs' })
  const bundle = join(folder, name)
  mkdirSync(bundle)
  const configuration = {
    ociVersion: '1.0.2',
    process: {
      ...{ user: { uid, gid }, args: service.entrypoint, env, cwd: '/' },
      capabilities: { bounding: own, effective: held, permitted: held },
      noNewPrivileges: service.security_opt.includes('no-new-privileges:true'),
    },
    root: { path: join(folder, 'rootfs'), readonly: service.read_only },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
      ...['/dev', ...(service.tmpfs ?? [])].map(tmpfs),
      ...service.volumes.map(volume => {
        const [source = '', destination, mode = 'rw'] = volume.split(':')
        return { destination, type: 'bind', source: sources[source] ?? source, options: ['rbind', mode] }
      }),
    ],
    linux: {
      namespaces: ['mount', 'pid', 'ipc', 'uts', ...(service.network_mode === 'none' ? ['network'] : [])].map(
        type => ({ type }),
      ),
    },
  }
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(configuration))
  return bundle
}

/** How crun is called: it understands control groups in one way alone, and is not to use them. */
export const crun = (...args: string[]): string[] => [
  ...['unshare', '--mount', 'sh', '-c'],
  ...['mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec crun --cgroup-manager=disabled "$@"', 'crun', ...args],
]
