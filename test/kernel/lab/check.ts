/** `xff-ban check`, as the tests run it and read what it found. */
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'

const STEPS = ['request', 'log', 'reading', 'client', 'ban point']

export interface Step {
  step: string
  ok: boolean | null
  what: string
  cure?: string
}

export interface Checked {
  ok: boolean
  client: string | null
  steps: Step[]
  exitCode: number
  stderr: string
  /** what was found of a step */
  of: (step: string) => Step | undefined
}

/**
 * Runs it to its end.
 * @param command runs a program in the namespace from which it is to ask
 * @param errors a file for what it writes to stderr
 */
export async function runCheck(
  command: (argv: readonly [string, ...string[]]) => Promise<string>,
  errors: string,
  url: string,
  ...options: readonly string[]
): Promise<Checked> {
  const argv = ['xff-ban', 'check', url, '--wait', '3', ...options]
  const lines = (await command(['sh', '-c', '"$@" 2>"$0"; echo "$?"', errors, ...argv])).trimEnd().split('\n')
  const exitCode = Number(lines.pop())
  const verdict = JSON.parse(lines.join('\n') || '{"steps":[]}')
  const of = (step: string) => verdict.steps.find((found: Step) => found.step === step)
  return { ...verdict, exitCode, stderr: readFileSync(errors, 'utf8'), of }
}

/** Shows that it says yes to all. */
export function holds(t: Test, checked: Checked): void {
  t.equal(checked.exitCode, 0, 'exit code', checked)
  t.same(
    checked.steps.map(({ step, ok }) => [step, ok]),
    STEPS.map(step => [step, true]),
    'all of it holds',
    checked,
  )
  t.equal(checked.ok, true)
}

/** Shows that it says no to a step, why, and what to do. */
export function fails(t: Test, checked: Checked, step: string, what: RegExp, cure: RegExp): void {
  t.equal(checked.exitCode, 1, 'exit code', checked)
  t.equal(checked.ok, false)
  t.match(checked.of(step), { ok: false, what, cure }, step, checked)
}
