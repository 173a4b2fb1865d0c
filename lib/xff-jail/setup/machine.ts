import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expandPatterns } from '../log-files.js'

const MAX_FILE_BYTES = 1024 * 1024
/** How many files of one server are read. */
const MAX_FILES = 500
const MAX_OUTPUT_BYTES = 16 << 20

/** What listens on this machine. */
export interface Listener {
  port: number
  /** name of a process that listens there; undefined where we may not know */
  program: string | undefined
}

/** The machine that is looked at: this one, or one whose files are below a folder. */
export interface Machine {
  /** the files that a pattern selects, as the machine itself calls them */
  files: (pattern: string) => string[]
  /** the text of a regular file of at most 1 MiB; undefined where there is none that we can read */
  text: (path: string) => string | undefined
  /** whether a pattern selects a file; of another machine that is taken for granted, as of what its programs write */
  isThere: (pattern: string) => boolean
  /** where a file is for us */
  place: (path: string) => string
  /** none for another machine */
  listeners: () => Listener[]
}

/** @param root the folder below which the files of the machine are; / is this one */
export function machineAt(root: string): Machine {
  const place = (path: string) => (root === '/' ? path : join(root, path))
  const strip = (path: string) => (root === '/' ? path : `/${path.slice(join(root, '/').length)}`)
  return {
    place,
    files: pattern =>
      expandPatterns([place(pattern)])
        .filter(isFile)
        .slice(0, MAX_FILES)
        .map(strip),
    text: path => (isFile(place(path)) ? readText(place(path)) : undefined),
    isThere: pattern => root !== '/' || expandPatterns([pattern]).some(path => existsSync(path)),
    listeners: () => (root === '/' ? listening() : []),
  }
}

function isFile(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && stat.size <= MAX_FILE_BYTES
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function listening(): Listener[] {
  const { stdout } = spawnSync('ss', ['-H', '-l', '-t', '-n', '-p'], {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return (stdout ?? '').split('\n').flatMap(line => {
    const [, , , local = '', , users = ''] = line.trim().split(/\s+/)
    const port = local.split(':').at(-1)
    if (port === undefined || local === '') return []
    return [{ port: Number(port), program: /\(\("([^"]{1,40})"/.exec(users)?.[1] }]
  })
}
