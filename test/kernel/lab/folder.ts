import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOrphan, OWN } from './owner.js'

/** Makes a folder for the files of a lab; those that killed runs left behind are removed. */
export function createFolder(): string {
  for (const name of readdirSync(tmpdir()).filter(isOrphan)) removeFolder(join(tmpdir(), name))
  return mkdtempSync(join(tmpdir(), OWN))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
