import { BoundedMap } from '../bounded-map.js'
import type { Global, Started } from '../fast/module.js'
import { parseLine } from '../wire/jsonl.js'
import type { RequestRecord } from '../wire/record.js'

/** The line of the failure that is being counted, to be read during the call only. */
export interface FailureLine {
  /** parses all of it */
  request: () => RequestRecord
  /** all of it, for `requestIn` later on */
  text: () => string
  status: () => number
  method: () => string
  uri: () => string
  /** the URI without its query, one text for many lines; undefined where that is too long */
  bareUri: () => string | undefined
  /** how long the URI is, in bytes and as text */
  uriLength: () => number
  /** Copies the URI, which is ASCII. */
  copyUri: (to: Uint8Array) => void
}

/** What assembly/told.ts exports of it. */
export interface FailureExports {
  told: Global
  bareIndex: () => number
}

/** Where in what it tells of a failure stands what, and how much that is. */
const [STATUS, METHOD_START, METHOD_END, URI_START, URI_END, TOLD] = [0, 1, 2, 3, 4, 5]

/**
 * Reads the lines of failures where they lie.
 * @param texts of the entries of the cache, among them those of URIs without query
 * @returns the line that began last
 */
export function readFailures(
  { exports: module, memory }: Started<FailureExports>,
  texts: readonly string[],
): { line: FailureLine; begin: (start: number, end: number) => void } {
  // this memory keeps its size
  const told = new Int32Array(memory.buffer, module.told.value, TOLD)
  let lineStart = 0
  let lineEnd = 0
  const line: FailureLine = {
    request: () => requestIn(line.text()),
    text: () => memory.toString('utf8', lineStart, lineEnd),
    status: () => told[STATUS] ?? Number.NaN,
    // in a line of this shape both are ASCII
    method: () => methodAt(memory, told[METHOD_START] ?? 0, told[METHOD_END] ?? 0),
    uri: () => memory.toString('latin1', told[URI_START] ?? 0, told[URI_END] ?? 0),
    bareUri() {
      const index = module.bareIndex()
      return index < 0 ? undefined : texts[index]
    },
    uriLength: () => (told[URI_END] ?? 0) - (told[URI_START] ?? 0),
    copyUri(to) {
      const start = told[URI_START] ?? 0
      const length = line.uriLength()
      for (let i = 0; i < length; i++) to[i] = memory[start + i] ?? 0
    },
  }
  return {
    line,
    begin(start, end) {
      lineStart = start
      lineEnd = end
    },
  }
}

/** By their bytes as a number of 32 bits, the methods of up to four characters: there are few, and each line has one. */
const methods = new BoundedMap<number, string>(1000)

function methodAt(memory: Buffer, start: number, end: number): string {
  if (end - start > 4) return memory.toString('latin1', start, end)
  let bytes = 0
  for (let at = start; at < end; at++) bytes = (bytes << 8) | (memory[at] ?? 0)
  const known = methods.get(bytes)
  if (known !== undefined) return known
  const method = memory.toString('latin1', start, end)
  methods.set(bytes, method)
  return method
}

/** @param line that the module has read as a request */
export function requestIn(line: string): RequestRecord {
  const request = parseLine(line, ['request'])
  if (typeof request === 'string') throw new Error(`${request}: ${line}`)
  return request
}
