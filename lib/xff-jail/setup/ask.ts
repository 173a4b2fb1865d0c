import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { EXIT, ExitError } from '../../exit.js'
import { excerpt, printableJson } from '../../text/printable.js'

/** How many lines may be typed ahead, or pasted; what goes beyond them is passed over. */
const MAX_LINES_AHEAD = 100

/** Something that people are asked. */
export interface Question {
  text: string
  /** the only answers there are; none: any text */
  choices?: readonly string[]
  /** why an answer will not do; undefined where it does */
  problemOf?: (answer: string) => string | undefined
}

/**
 * @returns an answer that will do, without the blanks around it
 * @throws ExitError where whoever sits there leaves instead
 */
export type Ask = (question: Question) => Promise<string>

/** Asks at a terminal, again until the answer will do; a choice may be given by its number, or by its beginning. */
export function askAt(input: Readable, output: Writable): { ask: Ask; close: () => void } {
  const nextLine = linesOf(input, output)
  const say = (text: string) => output.write(printableJson(text))
  const ask = async ({ text, choices = [], problemOf = () => undefined }: Question) => {
    // not as readline's prompt, which it writes again at each key that changes more than the end of a line
    say(`${text}\n${choices.map((choice, i) => `  ${i + 1}  ${choice}\n`).join('')}`)
    for (;;) {
      const line = (await nextLine.read()).trim()
      const answer = choices.length === 0 ? line : chosen(line, choices)
      const problem =
        answer === undefined
          ? `expected ${choices.join(', ')} or the number of one, got ${JSON.stringify(excerpt(line))}`
          : problemOf(answer)
      if (answer !== undefined && problem === undefined) return answer
      say(`${problem}\n`)
    }
  }
  return { ask, close: nextLine.close }
}

function chosen(line: string, choices: readonly string[]): string | undefined {
  const [begun, ...more] = choices.filter(choice => line !== '' && choice.startsWith(line))
  return (
    choices.find(choice => choice === line) ??
    choices[/^\d+$/.test(line) ? Number(line) - 1 : -1] ??
    (more.length === 0 ? begun : undefined)
  )
}

/** The lines that are typed, each when it is asked for; the answers of a paste wait for their questions. */
function linesOf(input: Readable, output: Writable) {
  const terminal = createInterface({ input, output, prompt: '> ' })
  const ahead: string[] = []
  let left: ExitError | undefined
  let wake = () => {}
  terminal
    .on('line', line => {
      if (ahead.length < MAX_LINES_AHEAD) ahead.push(line)
      wake()
    })
    .on('SIGINT', () => {
      left = new ExitError('ended by Ctrl-C: nothing is written', EXIT.interrupted)
      terminal.close()
    })
    .on('close', () => {
      left ??= new ExitError('the answers ended before the last question: nothing is written', EXIT.noInput)
      wake()
    })
  const read = async (): Promise<string> => {
    for (let isAsked = false; ; isAsked = true) {
      const line = ahead.shift()
      if (line !== undefined) return line
      if (left) {
        output.write('\n')
        throw left
      }
      const woken = new Promise<void>(resolve => {
        wake = resolve
      })
      if (!isAsked) terminal.prompt()
      await woken
    }
  }
  return { read, close: () => terminal.close() }
}
