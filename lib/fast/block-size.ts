// Both compilers read this file: TypeScript for the host, AssemblyScript for the modules. Blocks of any other size
// would be copied into the memory of a module instead of being read where they lie.

/** How many bytes of input are read at a time at most. */
export const INPUT_BLOCK_BYTES = 262144
