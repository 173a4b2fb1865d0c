import type { Backend } from './backend.js'

/** How often the backend is asked whether it is alarmed, in milliseconds. */
const ALARM = 1_000

/**
 * Tells when the backend is to be verified: now and then, and when it is alarmed.
 * @param every how often now and then is, in milliseconds
 * @returns what ends it
 */
export function watch({ alarmed }: Pick<Backend, 'alarmed'>, every: number, doubt: () => void): () => void {
  const verifying = setInterval(doubt, every)
  const listening = setInterval(() => {
    if (alarmed?.()) doubt()
  }, ALARM)
  return () => {
    clearInterval(verifying)
    clearInterval(listening)
  }
}
