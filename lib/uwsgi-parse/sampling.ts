// Both compilers read this file: TypeScript for the full parser, AssemblyScript for the module.

/** Of the lines whose status nobody wants, one in so many is looked at all the same: for its time and its client. */
export const SAMPLED_LINES = 16

/** By how many places (a power of two) clients are told apart: two that fall on the same one count as one. */
export const PLACES = 65536
