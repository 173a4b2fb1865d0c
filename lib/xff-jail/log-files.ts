import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, messageOf } from '../exit.js'
import { isGlob, matchesGlob } from '../text/glob.js'

/** Folders that are empty for the service (ProtectHome=, PrivateTmp=). */
const HIDDEN = /^\/(home|root|run\/user|tmp|var\/tmp)\//

/** The files that patterns select, in order; a path without `*` and `?` stands for itself, there or not. */
export function expandPatterns(patterns: readonly string[]): string[] {
  return patterns.flatMap(pattern => (isGlob(pattern) ? expand(pattern) : [pattern]))
}

function expand(pattern: string): string[] {
  let paths = [pattern.startsWith('/') ? '/' : '.']
  for (const part of pattern.split('/').filter(Boolean)) {
    paths = isGlob(part)
      ? paths.flatMap(path => namesIn(path, part).map(name => join(path, name)))
      : paths.map(path => join(path, part))
  }
  return paths.filter(path => statOf(path) !== undefined)
}

function namesIn(folder: string, pattern: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => matchesGlob(name, pattern) && (pattern.startsWith('.') || !name.startsWith('.')))
      .sort()
  } catch {
    return []
  }
}

function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false })
}

/**
 * Why a log cannot be read, with the cure; undefined where it can.
 * @param asService whether it is for the service, which sees less of the machine than we do
 */
export function obstacleOf(path: string, asService: boolean): string | undefined {
  if (asService && HIDDEN.test(path)) {
    const folder = HIDDEN.exec(path)?.[0]
    return `cannot read ${path}: the service sees nothing below ${folder}; let uWSGI log into /var/log`
  }
  try {
    const stat = statOf(path)
    if (!stat) return `cannot read ${path}: there is no such file. Is uWSGI running, and is this its log?`
    if (stat.isDirectory())
      return `cannot read ${path}: it is a folder; a pattern such as ${join(path, '*.log')} names files`
    closeSync(openSync(path, 'r'))
    return undefined
  } catch (error) {
    const refused = codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM'
    return refused
      ? `cannot read ${path}: ${ownerOf(path)}; read it as root or in its group`
      : `cannot read ${path}: ${messageOf(error)}`
  }
}

function ownerOf(path: string): string {
  try {
    const { uid, gid, mode } = statSync(path)
    const owner = `${nameIn('/etc/passwd', uid)}:${nameIn('/etc/group', gid)}`
    return `it belongs to ${owner}, with mode 0${(mode & 0o7777).toString(8)}`
  } catch {
    return 'a folder on the way to it is closed'
  }
}

/** The name that belongs to a number in a file like /etc/passwd, or the number. */
function nameIn(file: string, id: number): string {
  try {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find(one => one.split(':')[2] === String(id))
    return line?.split(':')[0] ?? String(id)
  } catch {
    return String(id)
  }
}
