import type { Interface } from 'node:readline/promises'
import type { Ask } from './setup.js'

/** Asks at a terminal, again until the answer is one of the choices; a choice may be given by its number. */
export function askAt(terminal: Interface): Ask {
  return async (question, choices) => {
    const list = choices.map((choice, i) => `  ${i + 1}  ${choice}\n`).join('')
    const prompt = choices.length > 0 ? `${question}\n${list}> ` : `${question}\n> `
    for (;;) {
      const answer = (await terminal.question(prompt)).trim()
      const chosen = choices[Number(answer) - 1] ?? choices.find(choice => choice === answer)
      if (choices.length === 0) return answer
      if (chosen !== undefined) return chosen
    }
  }
}
