const NEWLINE = 0x0a

/** The lines of a block as bytes, each with its newline; the last one may lack it. */
export function* byteLines(block: Buffer): Generator<Buffer> {
  for (let start = 0; start < block.length; ) {
    const newline = block.indexOf(NEWLINE, start)
    const end = newline < 0 ? block.length : newline + 1
    yield block.subarray(start, end)
    start = end
  }
}

/** A line that ends with a newline. */
export function ended(line: Buffer): Buffer {
  return line.at(-1) === NEWLINE ? line : Buffer.concat([line, Buffer.from('\n')])
}
