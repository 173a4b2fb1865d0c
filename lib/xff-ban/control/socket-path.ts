import { closeSync, openSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** The longest path that the address of a Unix socket holds (sun_path in unix(7)), in bytes */
const MAX_BYTES = 107

/**
 * Calls `use` with a path by which a socket in a deep folder can be reached: where its own is too long,
 * by way of the opened folder, as Linux allows.
 */
export async function withSocketPath<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= MAX_BYTES) return await use(path)
  const folder = openSync(dirname(path), 'r')
  try {
    return await use(join('/proc/self/fd', String(folder), basename(path)))
  } finally {
    closeSync(folder)
  }
}
