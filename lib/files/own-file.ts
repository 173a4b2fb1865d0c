import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { geteuid } from 'node:process'

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
  const file = await open(path, FLAGS[access] | O_NOFOLLOW | O_NONBLOCK, mode)
  try {
    check(path, await file.stat(), await stat(dirname(path)))
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The same, as a descriptor. */
export function openOwnSync(path: string, access: Access, mode = 0o600): number {
  const file = openSync(path, FLAGS[access] | O_NOFOLLOW | O_NONBLOCK, mode)
  try {
    check(path, fstatSync(file), statSync(dirname(path)))
    return file
  } catch (error) {
    closeSync(file)
    throw error
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
