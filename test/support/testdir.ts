import './apart.js'
import type { Test } from 'tap'

/**
 * A folder that is removed when the test has ended and its teardowns have: t.testdir() alone removes it before them
 * where it was asked for first, while what the test started may still write there, and then none of them runs.
 */
export function testdir(
  t: Pick<Test, 'testdir' | 'teardown'>,
  content?: Parameters<Test['testdir']>[0],
): string {
  // whoever registers first is called last
  t.teardown(() => {})
  return t.testdir(content)
}
