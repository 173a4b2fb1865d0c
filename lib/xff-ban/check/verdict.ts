import { printable } from '../../text/printable.js'
import { textTable } from '../../text/text-table.js'

/** A step on the way of a request, in their order. */
export type StepName = 'request' | 'log' | 'reading' | 'client' | 'ban point'

/** What was found of a step. */
export interface Step {
  step: StepName
  /** null where it could not be told */
  ok: boolean | null
  /** what was seen, for people */
  what: string
  /** what would change it */
  cure?: string
}

/** What a check comes to. */
export interface Verdict {
  url: string
  /** whether all of it holds */
  ok: boolean
  /** the client that the log names; null where it names none */
  client: string | null
  steps: Step[]
}

const WORDS = { true: 'yes', false: 'NO', null: '?' } as const

/** A verdict as text for people. */
export function verdictText({ ok, steps }: Verdict): string {
  const rows = steps.map(({ step, ok, what }) => [WORDS[`${ok}`], step, printable(what)])
  const lines = textTable(['', 'STEP', 'WHAT WAS SEEN'], rows)
  const cures = steps.flatMap(({ step, cure }) => (cure === undefined ? [] : `${step}: ${printable(cure)}`))
  const open = steps.filter(step => step.ok !== true).map(({ step }) => step)
  const closing = ok
    ? 'A ban of this client would bite.'
    : `Not shown that a ban would bite: ${open.join(', ')}.`
  return [...lines, '', closing, ...cures].map(line => `${line}\n`).join('')
}
