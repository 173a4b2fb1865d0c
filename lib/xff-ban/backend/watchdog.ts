import type { Backend } from './backend.js'

/** How often the backend is asked whether something has happened. */
const ALARM_MS = 1_000

/**
 * Tells when the backend is to be reconciled: every `verifyMs`, and when something has happened.
 * @returns stops it
 */
export function watch(
  { alarmed, watch }: Pick<Backend, 'alarmed' | 'watch'>,
  verifyMs: number,
  reconcile: () => void,
): () => void {
  const verifying = setInterval(reconcile, verifyMs)
  const listening = setInterval(() => {
    if (alarmed?.()) reconcile()
  }, ALARM_MS)
  const stop = watch?.(reconcile)
  return () => {
    stop?.()
    clearInterval(verifying)
    clearInterval(listening)
  }
}
