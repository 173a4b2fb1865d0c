import type { Backend } from './backend.js'

/** Decides and prints, touches nothing. */
export function nullBackend(): Backend {
  return {
    name: 'null',
    refuses: () => undefined,
    open: async () => {},
    apply: async () => {},
    reconcile: async () => undefined,
    flush: async () => {},
  }
}
