import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename } from 'node:path'

/*
 * What /proc tells of the processes of this machine: who listens where, and who writes a file. What may not be seen is
 * left out; it takes root to see all of it.
 */

const MAX_PROCESSES = 20_000
const MAX_DESCRIPTORS = 4_096
/** The state of a listening socket in /proc/net/tcp. */
const LISTEN = '0A'

export interface Process {
  pid: number
  name: string
}

/** Sockets on which a process waits for connections. */
export interface Listening extends Process {
  ports: number[]
  unix: string[]
  /** whether it is in the network namespace of this process */
  isHere: boolean
}

/** The processes whose name begins so. */
export function processes(prefix = ''): Process[] {
  return listed('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .slice(0, MAX_PROCESSES)
    .flatMap(pid => {
      const name = textOf(`/proc/${pid}/comm`).trim()
      return name !== '' && name.startsWith(prefix) ? [{ pid: Number(pid), name }] : []
    })
}

/** Where the processes with such a name listen. */
export function listening(prefix: string): Listening[] {
  return processes(prefix).flatMap(one => {
    const inodes = new Set(targets(one.pid).flatMap(target => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []))
    const ports = [
      ...new Set(listeners(one.pid).flatMap(({ port, inode }) => (inodes.has(inode) ? [port] : []))),
    ]
    const unix = textOf(`/proc/${one.pid}/net/unix`)
      .split('\n')
      .flatMap(line => {
        // Num RefCount Protocol Flags Type St Inode Path; the flag is that of a socket that listens
        const [, , , flags, , , inode = '', path] = line.trim().split(/\s+/)
        return flags === '00010000' && path !== undefined && inodes.has(inode) ? [path] : []
      })
    const isHere = namespaceOf(one.pid) === namespaceOf('self')
    return ports.length + unix.length === 0 ? [] : [{ ...one, ports, unix: [...new Set(unix)], isHere }]
  })
}

/** Who listens on a port in another network namespace. */
export function listensElsewhere(port: number): Process | undefined {
  const seen = new Set([namespaceOf('self'), undefined])
  for (const one of processes()) {
    const namespace = namespaceOf(one.pid)
    if (seen.has(namespace)) continue
    seen.add(namespace)
    if (listeners(one.pid).some(socket => socket.port === port)) return one
  }
  return undefined
}

/**
 * Files that processes with such a name have open, whether for writing or for reading.
 * @param path only those of this name, whatever stands behind it
 */
export function openFiles(
  prefix: string,
  way: 'written' | 'read',
  path = '/',
): (Process & { path: string })[] {
  return processes(prefix).flatMap(one =>
    listed(`/proc/${one.pid}/fd`)
      .slice(0, MAX_DESCRIPTORS)
      .flatMap(fd => {
        const target = linkOf(`/proc/${one.pid}/fd/${fd}`)
        if (!target?.startsWith(path) || target.startsWith('/dev/')) return []
        const flags = /^flags:\s+(\d+)/m.exec(textOf(`/proc/${one.pid}/fdinfo/${fd}`))?.[1] ?? '0'
        const isWritten = (Number.parseInt(flags, 8) & 3) !== 0
        return isWritten === (way === 'written') ? [{ ...one, path: target }] : []
      }),
  )
}

/** Which group a name has; undefined where there is none. */
export function groupId(name: string): number | undefined {
  const line = textOf('/etc/group')
    .split('\n')
    .find(text => text.startsWith(`${name}:`))
  return line === undefined ? undefined : Number(line.split(':')[2])
}

/** `uwsgi (pid 812)`. */
export function named({ name, pid }: Process): string {
  return `${basename(name)} (pid ${pid})`
}

function listeners(pid: number): { port: number; inode: string }[] {
  return ['tcp', 'tcp6'].flatMap(table =>
    textOf(`/proc/${pid}/net/${table}`)
      .split('\n')
      .flatMap(line => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
        return state === LISTEN ? [{ port: Number.parseInt(local.split(':')[1] ?? '', 16), inode }] : []
      }),
  )
}

function targets(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return listed(folder)
    .slice(0, MAX_DESCRIPTORS)
    .flatMap(fd => linkOf(`${folder}/${fd}`) ?? [])
}

function namespaceOf(pid: number | 'self'): number | undefined {
  try {
    return statSync(`/proc/${pid}/ns/net`).ino
  } catch {
    return undefined
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
