/**
 * Turns the output of tap into what a person reads: one line per test file when it ends, each failure with its details, and
 * all failures again at the end.
 */

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

export interface Results {
  /** one line of TAP 14, without its end */
  read: (line: string) => void
  /**
   * Lists the failures and the skipped tests, and returns what was counted.
   * @param exitCode tap's own: where it failed and no test did, that is a failure
   */
  finish: (exitCode: number | undefined) => Counts
}

/** @param print takes a line for the reader */
export function createResults(print: (line: string) => void): Results {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  const failures: string[] = []
  const skips: string[] = []
  let inFile: Counts = { ...counts }
  let file = ''
  let quoting: 'no' | 'line' | 'block' = 'no'

  const failed = (file: string, title: string) => {
    counts.failed += 1
    failures.push(`${file}: ${title}`)
  }
  const skip = (title: string) => {
    counts.skipped += 1
    skips.push(`${file}: ${title.replace(/ # time=.*/, '')}`)
  }
  const read = (line: string) => {
    const [, indent, not, title = ''] = /^( {4}|)(not )?ok \d+(?: - (.*?))?(?: \{)?$/.exec(line) ?? []
    // one level down are the tests of a file
    if (indent === '    ') {
      if (/# SKIP/.test(title)) skip(title)
      else if (not) failed(file, title.replace(/ # time=.*/, ''))
      else counts.passed += 1
    } else if (indent === '') {
      const [, name = title, time] = /^(.*?)(?: # time=([\d.]+)ms)?$/.exec(title) ?? []
      if (not && counts.failed === inFile.failed) failed(source(name), 'the file itself')
      const tests = counts.passed - inFile.passed
      const seconds = time === undefined ? '' : `, ${(Number(time) / 1000).toFixed(1)} s`
      print(`${not ? 'FAILED' : '    ok'} ${source(name)}: ${tests} passed${seconds}`)
      inFile = { ...counts }
    }
    file = source(/^# Subtest: (.*)/.exec(line)?.[1] ?? file)
    // a failure is printed as tap describes it, with the block of details that follows
    if (indent !== '' && /^\s*not ok /.test(line)) quoting = 'line'
    else if (quoting === 'line') quoting = /^\s*---$/.test(line) ? 'block' : 'no'
    if (quoting !== 'no' || /# SKIP|^\s+# (?!time=|Subtest)/.test(line)) print(line)
    if (quoting === 'block' && /^\s*\.\.\.$/.test(line)) quoting = 'no'
  }

  const finish = (exitCode: number | undefined) => {
    if (exitCode !== 0 && counts.failed === 0) failed('tap', `ended with exit code ${exitCode}`)
    for (const [heading, tests] of [
      ['Skipped:', skips],
      ['Failed:', failures],
    ] as const)
      if (tests.length > 0) print(['', heading, ...tests.map(test => `  ${test}`)].join('\n'))
    return counts
  }
  return { read, finish }
}

/** The file that was written, of one that was compiled. */
function source(compiled: string): string {
  return compiled.replace(/^build\/(.*)\.js$/, '$1.ts')
}
