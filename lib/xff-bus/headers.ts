import type { Batch } from './broker.js'

/**
 * Headers of a batch: `NUMBER RUN`, or `NUMBER RUN first`; where in its log the writer was; what its clock showed when it
 * sent the batch, in milliseconds since 1970; how the lines are packed.
 */
export const HEADER = {
  batch: 'Xff-Batch',
  place: 'Xff-Place',
  clock: 'Xff-Clock',
  encoding: 'Content-Encoding',
} as const

/** Every batch of a writer has the number after that of the one before, over all its starts. */
export interface BatchNumber {
  /** 0 of one that claims the name for the first time, and has no lines */
  number: number
  /** which start of the writer it is, a random text */
  run: string
  /** whether no number before it is missing */
  isFirst: boolean
}

/** @returns undefined for a batch that has none, as another program wrote it */
export function batchNumber({ headers }: Batch): BatchNumber | undefined {
  const [, digits, run = '', first] =
    /^(\d{1,15}) ([\w-]{1,40})( first)?$/.exec(headers.get(HEADER.batch) ?? '') ?? []
  return digits === undefined ? undefined : { number: Number(digits), run, isFirst: first !== undefined }
}

export function formatBatchNumber({ number, run, isFirst }: BatchNumber): string {
  return `${number} ${run}${isFirst ? ' first' : ''}`
}
