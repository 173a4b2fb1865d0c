import { open, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { messageOf } from '../../exit.js'
import { BackendError } from './backend.js'

/**
 * Writes a file that other programs read: they see the old text or the new one, and no part of either, even
 * after a power cut. Its folder has to be there.
 * @throws BackendError
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  // nginx's `include folder/*` passes over names that begin with a dot
  const draft = join(dirname(path), `.${basename(path)}.new`)
  try {
    const file = await open(draft, 'w', 0o644)
    try {
      await file.writeFile(text)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    throw new BackendError(`cannot write ${path}: ${messageOf(error)}`, { cause: error })
  }
}
