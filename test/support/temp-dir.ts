import './apart.js'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** How many folders a test has asked for. */
const asked = new WeakMap<object, number>()

/**
 * A folder of its own for each call, which is removed when the test has ended and its teardowns have. t.testdir() alone
 * empties the same folder at each call, though what the test has started may use it. And where it was asked for first,
 * it removes the folder before the teardowns, while what was started may still write there, and then none of them runs.
 */
export function tempDir(
  t: Pick<Test, 'testdir' | 'testdirName' | 'teardown'>,
  content?: Parameters<Test['testdir']>[0],
): string {
  const number = (asked.get(t) ?? 0) + 1
  asked.set(t, number)
  if (number > 1) t.testdirName = `${t.testdirName.replace(/~\d+$/, '')}~${number}`
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
