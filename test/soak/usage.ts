import { readdirSync, readFileSync } from 'node:fs'
import { quantile } from '../bench/table.js'
import type { Service, Stage } from './service.js'

const EVERY_MS = 5_000
/**
 * What the second half may have more than the first, by their medians: descriptors, and memory. A Node with so little to do
 * leaves garbage lying for half an hour, up to a dozen MiB; ten times as many lines leave no more.
 */
const MORE_DESCRIPTORS = 1
const MORE_MEMORY = { share: 0.1, mebibytes: 8 }
export const BOUND = `${MORE_DESCRIPTORS} descriptor, or ${100 * MORE_MEMORY.share} % and ${MORE_MEMORY.mebibytes} MiB`

interface Sample {
  descriptors: number
  mebibytes: number
}

/** What a stage has used, by the medians of both halves of the time. */
export interface Growth {
  who: string
  samples: number
  descriptors: [number, number]
  mebibytes: [number, number]
  isWithin: boolean
}

/** Looks at the descriptors and the memory of every stage until it is stopped. */
export function watchUsage(services: readonly Service[]): { stop: () => Growth[] } {
  const seen = new Map<string, Sample[]>()
  const look = (who: string, pid: number) => {
    const sample = usageOf(pid)
    if (sample) seen.set(who, [...(seen.get(who) ?? []), sample])
  }
  const timer = setInterval(() => {
    for (const { name, pids } of services) {
      for (const [stage, pid] of pids()) look(`${name}: ${stage satisfies Stage}`, pid)
    }
  }, EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      return [...seen]
        .map(([who, samples]) => growthOf(who, samples))
        .sort((a, b) => (a.who < b.who ? -1 : 1))
    },
  }
}

function usageOf(pid: number): Sample | undefined {
  try {
    const resident = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    if (resident === undefined) return undefined
    return { descriptors: readdirSync(`/proc/${pid}/fd`).length, mebibytes: Number(resident) / 1024 }
  } catch {
    return undefined // it has ended
  }
}

function growthOf(who: string, samples: readonly Sample[]): Growth {
  const middle = Math.floor(samples.length / 2)
  const halves = [samples.slice(0, middle), samples.slice(middle)]
  const medians = (of: (sample: Sample) => number): [number, number] => {
    const [first = Number.NaN, second = Number.NaN] = halves.map(half => quantile(half.map(of), 0.5))
    return [first, second]
  }
  const descriptors = medians(sample => sample.descriptors)
  const mebibytes = medians(sample => sample.mebibytes)
  const isWithin =
    descriptors[1] <= descriptors[0] + MORE_DESCRIPTORS &&
    mebibytes[1] <= mebibytes[0] * (1 + MORE_MEMORY.share) + MORE_MEMORY.mebibytes
  return { who, samples: samples.length, descriptors, mebibytes, isWithin }
}
