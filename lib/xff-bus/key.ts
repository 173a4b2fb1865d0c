import { writeFile } from 'node:fs/promises'
import { codeOf, EXIT, ExitError, messageOf } from '../exit.js'
import { newUser } from './nats/keys.js'

/**
 * Writes the seed of a new user into a file that nobody else may read.
 * @returns its public key
 * @throws ExitError 74 where the file is there already, or cannot be written
 */
export async function makeKey(path: string): Promise<string> {
  const { seed, publicKey } = await newUser()
  try {
    await writeFile(path, `${seed}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const why = codeOf(error) === 'EEXIST' ? `${JSON.stringify(path)} is there already` : messageOf(error)
    throw new ExitError(`key: ${why}`, EXIT.io, { cause: error })
  }
  return publicKey
}
