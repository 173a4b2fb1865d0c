/** The releases of V8 in Node 20, 22 and 24; others may not know these settings, and would say so. */
const KNOWN = /^1[123]\./
/** That in Node 20. Later ones compile in steps, and wait longer before the last and dearest. */
const EAGER = /^11\./

const SETTINGS = {
  // how much of a function runs before it is compiled to be fast, in bytes of bytecode: six times the usual. Our lines
  // are read in WebAssembly; by its own measure V8 would spend another tenth of a second on functions that run once a
  // block, on the very processor that the next command needs
  budget: '--interrupt-budget=400000',
  // the room for new objects stays as small as it is at the start: nearly all of ours are soon garbage. It would double
  // and double again, and a month of logs take 20 MB more than a day of them; from the command line V8 takes 2 for 1
  youngSpace: '--semi-space-growth-factor=1',
}

/** Sets V8 up for a filter, which runs beside others and may run for months. */
export async function tuneEngine(): Promise<void> {
  const { v8 } = process.versions
  if (!KNOWN.test(v8)) return
  const { setFlagsFromString } = await import('node:v8')
  if (EAGER.test(v8)) setFlagsFromString(SETTINGS.budget)
  setFlagsFromString(SETTINGS.youngSpace)
}
