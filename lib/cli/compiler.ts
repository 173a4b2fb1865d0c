/** The release of V8 in Node 20. Later ones compile in steps, and wait longer before the last and dearest. */
const EAGER = /^11\./
/** How much of a function runs before it is compiled to be fast, in bytes of bytecode: six times the usual. */
const BUDGET = 400_000

/**
 * Has V8 compile only what runs really often. Our own lines are read in WebAssembly; by its own measure it would spend
 * another tenth of a second on functions that run once a block, on the very processor that the next command needs.
 */
export async function compileLater(): Promise<void> {
  if (!EAGER.test(process.versions.v8)) return
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString(`--interrupt-budget=${BUDGET}`)
}
