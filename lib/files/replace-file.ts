import { randomBytes } from 'node:crypto'
import { closeSync, futimesSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { openFolderOf } from './own-folder.js'

export interface Options {
  /** the permissions of the file: 0o644 unless given */
  mode?: number
  /**
   * whether it has to outlast a power cut: `text` writes the new text to the disk before it takes the place of the old
   * one, so that one of them is there; `rename` waits until the new one is.
   */
  durable?: 'text' | 'rename'
}

/**
 * Writes a file that others read: they see the old text or the new one, and no part of either. Its folder has to be
 * there. Where it fails the old file stays.
 */
export async function replaceFile(path: string, text: string, options: Options = {}): Promise<void> {
  const draft = await openDraft(path, options)
  try {
    await draft.file.writeFile(text)
    await draft.commit()
  } catch (error) {
    await draft.discard()
    throw error
  }
  await draft.file.close()
}

/** A file that is to take the place of another. */
export interface Draft {
  /** open for writing; it stays open when it is committed */
  file: FileHandle
  /** Puts it in the place of the other file. */
  commit: () => Promise<void>
  /** Closes and removes it. */
  discard: () => Promise<void>
}

/**
 * A name for the draft of a file, which nobody can foresee and put something else there. nginx's `include folder/*`
 * passes over names that begin with a dot.
 */
function draftOf(name: string): string {
  return `.${name}.${randomBytes(6).toString('hex')}.new`
}

/** The name of the file that a draft is for, by the draft's own; undefined for what is no draft. */
export function targetOfDraft(name: string): string | undefined {
  return /^\.(.+)\.[0-9a-f]{12}\.new$/.exec(name)?.[1]
}

/** Removes the drafts of a file that earlier processes have left. Where another one may be at work they are its own. */
export async function removeDrafts(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (targetOfDraft(name) === basename(path)) await rm(join(dirname(path), name), { force: true })
  }
}

export async function openDraft(path: string, { mode = 0o644, durable }: Options = {}): Promise<Draft> {
  const folder = openFolderOf(path)
  const draft = folder.at(draftOf(basename(path)))
  // a new file, and never a link that somebody else has put there
  const file = await open(draft, 'wx', mode).catch(error => {
    folder.close()
    throw folder.named(error)
  })
  return {
    file,
    async commit() {
      try {
        if (durable) await file.datasync()
        await rename(draft, folder.at(basename(path)))
        if (durable === 'rename') await syncFolder(folder.at('.'))
      } catch (error) {
        throw folder.named(error)
      }
      folder.close()
    },
    async discard() {
      await file.close()
      await rm(draft, { force: true }).catch(() => {})
      folder.close()
    },
  }
}

/** The files of a folder that stays the same one whatever is renamed meanwhile, each written as by `replaceFile`. */
export interface FilesOfFolder {
  /** @param modifiedMs its time of modification, in milliseconds since 1970 */
  replace: (name: string, text: string, modifiedMs: number) => void
  /** Removes one, if it is there. */
  remove: (name: string) => void
  close: () => void
}

/**
 * For many small files: that each call goes to another thread and comes back takes several times as long as the call.
 * It blocks, so let others have a turn now and then.
 */
export function openFilesOf(dir: string): FilesOfFolder {
  const folder = openFolderOf(`${dir}/.`)
  const named = (work: () => void) => {
    try {
      work()
    } catch (error) {
      throw folder.named(error)
    }
  }
  return {
    replace: (name, text, modifiedMs) =>
      named(() => {
        const draft = folder.at(draftOf(name))
        const file = openSync(draft, 'wx', 0o644)
        try {
          writeFileSync(file, text)
          futimesSync(file, modifiedMs / 1000, modifiedMs / 1000)
          renameSync(draft, folder.at(name))
        } catch (error) {
          rmSync(draft, { force: true })
          throw error
        } finally {
          closeSync(file)
        }
      }),
    remove: name => named(() => rmSync(folder.at(name), { force: true })),
    close: folder.close,
  }
}

/** A rename is on the disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
