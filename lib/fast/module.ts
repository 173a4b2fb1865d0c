import { INPUT_BLOCK_BYTES } from './block-size.js'
import { addToPool } from './buffer-pool.js'

/** As much of the global as is used here. */
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object
  Instance: new (module: object, imports: { host: Host }) => { exports: { memory: { buffer: ArrayBuffer } } }
}

/** What a module calls, by name. */
type Host = Readonly<
  Record<string, (one: number, two: number, three: number, four: number) => number | undefined>
>

/** A global of a module. */
export interface Global {
  readonly value: number
}

/** A module that was started. */
export interface Started<Exports> {
  exports: Exports
  /** its memory; another buffer once that has grown */
  readonly memory: Buffer
}

const CANNOT_RUN = 'WebAssembly SIMD is not available here: reading is 4 to 8 times slower'

/** What was compiled already, by its code: there are as many as there are folders `assembly`. */
const compiled = new Map<string, object>()

/**
 * Starts a module that was compiled from a folder `assembly`.
 * @param code base64
 * @param warn is told where the module cannot run
 * @returns null where this machine or this Node cannot run it, as on a processor without SSE 4.1
 */
export function startModule<Exports>(
  code: string,
  warn: (message: string) => void,
  host: Host,
): Started<Exports> | null {
  let module = compiled.get(code)
  try {
    module ??= new WebAssembly.Module(Buffer.from(code, 'base64'))
  } catch {
    warn(CANNOT_RUN)
    return null
  }
  compiled.set(code, module)
  const { exports } = new WebAssembly.Instance(module, { host })
  let memory = Buffer.from(exports.memory.buffer)
  return {
    exports: exports as Exports,
    get memory() {
      if (memory.buffer !== exports.memory.buffer) memory = Buffer.from(exports.memory.buffer)
      return memory
    },
  }
}

const NEWLINE = 0x0a

/** What assembly/input-buffers.ts exports: where lines can be read. */
export interface InputBuffers {
  COPY_BYTES: Global
  firstInput: Global
  secondInput: Global
  copiedInput: Global
}

/** Where in the memory of a module lines lie, and how many bytes they are. */
type Piece = readonly [start: number, size: number]

/**
 * Has blocks of input lie in the memory of a module, which keeps its size, so that they need not be copied to it.
 * @returns where whole lines lie, in pieces of whole lines that can be read at once; a line that is longer is cut
 */
export function openInputBuffers(started: Started<InputBuffers>): (block: Buffer) => Iterable<Piece> {
  const { exports, memory } = started
  for (const { value: start } of [exports.firstInput, exports.secondInput]) {
    addToPool(memory.subarray(start, start + INPUT_BLOCK_BYTES))
  }
  return function* (block) {
    if (block.buffer === memory.buffer) yield [block.byteOffset, block.length]
    else yield* copyInput(started, block)
  }
}

/** Copies a block to a module piece by piece, each when it is asked for. @returns as what `openInputBuffers` returns */
export function* copyInput(started: Started<InputBuffers>, block: Buffer): Generator<Piece> {
  const { COPY_BYTES, copiedInput } = started.exports
  for (const piece of pieces(block, COPY_BYTES.value))
    yield [copiedInput.value, piece.copy(started.memory, copiedInput.value)]
}

/** A block of whole lines in pieces of whole lines, none of which is longer than `maxBytes`; a line that is longer is cut. */
function* pieces(block: Buffer, maxBytes: number): Generator<Buffer> {
  for (let start = 0; start < block.length; ) {
    const rest = block.length - start
    const whole = rest <= maxBytes ? block.length : block.lastIndexOf(NEWLINE, start + maxBytes - 1) + 1
    const end = whole > start ? whole : start + maxBytes
    yield block.subarray(start, end)
    start = end
  }
}
