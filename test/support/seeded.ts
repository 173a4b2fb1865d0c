import type { Parameters } from 'fast-check'

/** The runs of a property, from SEED or a fresh one; the seed is printed, so that a failure can be had again. */
export function seeded(t: { comment: (text: string) => void }, runs: number): Parameters<unknown> {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
  const numRuns = Math.ceil(runs * Number(process.env.RUNS_TIMES ?? 1))
  t.comment(`seed ${seed}, ${numRuns} runs`)
  return { seed, numRuns }
}
