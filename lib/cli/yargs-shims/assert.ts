/** As much of node:assert as yargs uses, which takes a twentieth of the start-up. */
export function strictEqual(actual: unknown, expected: unknown, message?: string | Error): void {
  if (!Object.is(actual, expected)) throw failure(message)
}

export function notStrictEqual(actual: unknown, expected: unknown, message?: string | Error): void {
  if (Object.is(actual, expected)) throw failure(message)
}

function failure(message: string | Error = 'a bug in yargs'): Error {
  return message instanceof Error ? message : new Error(message)
}
