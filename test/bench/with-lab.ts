import { createLab, type Lab } from '../kernel/lab/lab.js'

/** Makes a lab for one measurement, and takes it down. */
export async function withLab<T>(
  measure: (lab: Lab) => Promise<T>,
  options: { clients?: readonly string[] } = {},
): Promise<T> {
  const teardowns: (() => unknown)[] = []
  let passing = false
  const owner = {
    teardown: (work: () => unknown) => teardowns.unshift(work),
    passing: () => passing,
    comment: (text: unknown) => console.error(text),
  }
  try {
    const result = await measure(await createLab(owner as never, options))
    passing = true
    return result
  } finally {
    for (const work of teardowns) await work()
  }
}
