import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readlinkSync,
  type Stats,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { geteuid } from 'node:process'

/** To a place in the file system, whatever lies there and whoever may read it (O_PATH); Node has no name for it. */
const AT = 0o10000000 | constants.O_NOFOLLOW
const DESCRIPTORS = '/proc/self/fd'
/** As many links as the kernel follows. */
const MAX_LINKS = 40
/** Write permission of the group, and of everybody. */
const WRITABLE = 0o022

/** A folder that stays the same one whatever is renamed meanwhile. */
export interface OwnFolder {
  /** a path by which a file in it can be opened */
  at: (name: string) => string
  stat: Stats
  /** An error of what was done by that path, in which the folder has its usual name. */
  named: (error: unknown) => unknown
  close: () => void
}

/**
 * Opens the folder of a file step by step, as openat(2) does. On the way a link is followed only where nobody else could
 * have put it: in a folder of our own or of root that others may not write.
 * @throws Error of the system, or one that names such a link
 */
export function openFolderOf(path: string): OwnFolder {
  const name = dirname(path)
  if (!existsSync(DESCRIPTORS)) {
    return { at: file => join(name, file), stat: statSync(name), named: error => error, close() {} }
  }
  const folder = walk(name)
  const own = join(DESCRIPTORS, String(folder))
  return {
    at: file => join(own, file),
    stat: fstatSync(folder),
    named: error => renamed(error, own, name),
    close: () => closeSync(folder),
  }
}

/** @returns a descriptor of the folder */
function walk(path: string): number {
  const left = path.split('/').filter(Boolean)
  let folder = openSync(path.startsWith('/') ? '/' : '.', AT)
  let links = 0
  try {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      // not joined, which would take `..` for the folder of descriptors
      const here = `${DESCRIPTORS}/${folder}/${name}`
      const entry = openEntry(here, path)
      const stat = fstatSync(entry)
      if (!stat.isSymbolicLink()) {
        closeSync(folder)
        folder = entry
        continue
      }
      closeSync(entry)
      if (++links > MAX_LINKS) throw new Error(`${path}: too many links`)
      if (!isOurs(fstatSync(folder))) {
        throw new Error(
          `${path}: ${name} is a link in a folder that others may write: give the path behind it`,
        )
      }
      const target = readlinkSync(here)
      left.unshift(...target.split('/').filter(Boolean))
      if (!target.startsWith('/')) continue
      closeSync(folder)
      folder = openSync('/', AT)
    }
    return folder
  } catch (error) {
    closeSync(folder)
    throw error
  }
}

/** Whether nobody but us and root can put anything into a folder. */
function isOurs({ uid, gid, mode }: Stats): boolean {
  const isWritable = (mode & (gid === 0 ? 0o002 : WRITABLE)) !== 0
  return !isWritable && [0, geteuid?.()].includes(uid)
}

function openEntry(here: string, path: string): number {
  try {
    return openSync(here, AT)
  } catch (error) {
    throw renamed(error, here, path)
  }
}

function renamed(error: unknown, path: string, name: string): unknown {
  if (error instanceof Error) error.message = error.message.replaceAll(path, name)
  return error
}
