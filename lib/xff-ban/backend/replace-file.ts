import { messageOf } from '../../exit.js'
import { replaceFile as replace } from '../../files/replace-file.js'
import { BackendError } from './backend.js'

/**
 * Writes a file that other programs read: they see the old text or the new one, and no part of either, even after a
 * power cut. Its folder has to be there.
 * @throws BackendError
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  try {
    await replace(path, text, { durable: 'text' })
  } catch (error) {
    throw new BackendError(`cannot write ${path}: ${messageOf(error)}`, { cause: error })
  }
}
