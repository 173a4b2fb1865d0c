import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { geteuid } from 'node:process'
import { openFolderOf } from './own-folder.js'

/*
 * Files of ours in folders that others may write to as well: what they have put there in the place of one, a link to
 * some other file, a pipe that nobody writes, is neither followed nor waited for, and never read or written.
 */

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants

const FLAGS = { read: O_RDONLY, update: O_RDWR | O_CREAT, append: O_RDWR | O_APPEND | O_CREAT }
/** what is done with it; all but `read` make it where it is missing */
export type Access = keyof typeof FLAGS

/**
 * Opens a file of our own.
 * @param mode the permissions of a new one
 * @throws Error of the system (ELOOP: it is a link), or one that says what else it is
 */
export async function openOwn(path: string, access: Access, mode = 0o600): Promise<FileHandle> {
  const folder = openFolderOf(path)
  let file: FileHandle | undefined
  try {
    file = await open(folder.at(basename(path)), FLAGS[access] | O_NOFOLLOW | O_NONBLOCK, mode)
    check(path, await file.stat(), folder.stat)
    return file
  } catch (error) {
    await file?.close()
    throw folder.named(error)
  } finally {
    folder.close()
  }
}

/**
 * The same, as a descriptor.
 * @param kind `device`: one such as /dev/full may be there, too
 */
export function openOwnSync(
  path: string,
  access: Access,
  { mode = 0o600, kind = 'file' }: { mode?: number; kind?: 'file' | 'device' } = {},
): number {
  const folder = openFolderOf(path)
  let file: number | undefined
  try {
    file = openSync(folder.at(basename(path)), FLAGS[access] | O_NOFOLLOW | O_NONBLOCK, mode)
    const stat = fstatSync(file)
    if (kind === 'file' || !stat.isCharacterDevice()) check(path, stat, folder.stat)
    return file
  } catch (error) {
    if (file !== undefined) closeSync(file)
    throw folder.named(error)
  } finally {
    folder.close()
  }
}

/** The text of a file of our own. @throws as `openOwn` */
export async function readOwn(path: string): Promise<string> {
  const file = await openOwn(path, 'read')
  try {
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** Who owns a folder could replace all in it, and so is no other; anybody else is. */
function check(path: string, file: Stats, folder: Stats): void {
  if (!file.isFile()) throw new Error(`${path} is not a regular file`)
  const owners = [geteuid?.(), folder.uid]
  if (!owners.includes(file.uid)) {
    throw new Error(`${path} belongs to user ${file.uid}, who owns neither this process nor the folder`)
  }
}
