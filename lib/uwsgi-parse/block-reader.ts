import type { Client, FindClient } from './client.js'
import { compileLayout } from './fast-layout.js'
import { compileFastPath, type FastPath } from './fast-path.js'
import type { Counters, Options, ParseLine } from './stage.js'
import type { Stretch } from './stretch.js'
import { countPrivateClient, type Tally } from './tally.js'
import { watchDoubledHour } from './time/doubled-hour.js'
import type { LogClock } from './time/log-clock.js'

/** Reads blocks, and gathers what is to be written of them. */
export interface BlockReader extends Pick<FastPath, 'size' | 'take' | 'end'> {
  read: (block: Buffer) => void
}

/** @returns null for a layout that the module cannot read, and where the machine cannot run it */
export function openBlockReader(
  options: Pick<Options, 'warn' | 'wanted' | 'attribution' | 'zone' | 'format' | 'unparsed'>,
  tally: Tally,
  clock: LogClock,
  { countRecord, isWatching }: Counters,
  stretch: Stretch | undefined,
  parse: ParseLine,
): BlockReader | null {
  const { client } = options.attribution
  const layout = compileLayout(options.format)
  if (layout === null) return null
  // as the full parser has it: one address stands there, or none is believed
  const clientIn: FindClient = options.format.socket === 'uwsgi' ? slot => believeOne(client(slot)) : client
  const mayDoubleHour = watchDoubledHour(options.zone)
  let linesBefore = 0
  const fast = compileFastPath({
    warn: options.warn,
    client: clientIn,
    clock,
    wanted: options.wanted,
    parseFully(text, line) {
      tally.lines = linesBefore + line
      const { requests } = tally
      const written = parse(text)
      return { written, isRequest: tally.requests > requests }
    },
    ...{ isPending: parse.isPending, layout },
    countRecord(slot) {
      countRecord(clientIn(slot), slot)
      return isWatching()
    },
    stretch,
    countPrivate: slot => countPrivateClient(tally, client(slot).ip as string),
  })
  if (!fast) return null
  return {
    ...fast,
    read(block) {
      linesBefore = tally.lines
      // in the hour that comes twice, a line is dated by those before it: none may be missing
      const maySkip = options.unparsed === undefined && !mayDoubleHour(block)
      const { lines, requests, wanted, unattributed } = fast.read(block, maySkip)
      tally.lines = linesBefore + lines
      tally.requests += requests
      tally.wanted += wanted
      tally.unattributed += unattributed
    },
  }
}

function believeOne(client: Client): Client {
  return client.isListed ? { ...client, ip: null, isPrivate: false } : client
}
