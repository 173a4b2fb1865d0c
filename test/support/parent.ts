/** How often to look, in milliseconds; of that no event tells. */
const LOOK = 500

/** Ends this process when whoever started it has ended, by SIGKILL for example: nobody would see what it does. */
export function endWithParent(): void {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  }, LOOK).unref()
}
