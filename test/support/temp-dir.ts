import './apart.js'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/**
 * A folder that is removed when the test has ended and its teardowns have: t.testdir() alone removes it before them
 * where it was asked for first, while what the test started may still write there, and then none of them runs.
 */
export function tempDir(
  t: Pick<Test, 'testdir' | 'teardown'>,
  content?: Parameters<Test['testdir']>[0],
): string {
  // the teardown that is registered first is run last
  t.teardown(() => {})
  return t.testdir(content)
}

/** The same, empty and with a path that is short enough for a socket (107 bytes). */
export function shortTempDir(t: Pick<Test, 'teardown'>): string {
  const path = mkdtempSync(join(tmpdir(), 'xff-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}
