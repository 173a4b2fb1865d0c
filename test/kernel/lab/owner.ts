/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * What a lab makes on the machine is named by the process that made it, so that what a killed run left behind
 * can be told from what is in use.
 */
export const OWN = `xj-${process.pid}-`

/** Whether this is the name of something that was left behind. */
export function isOrphan(name: string): boolean {
  const pid = /^xj-(\d+)-/.exec(name)?.[1]
  return pid !== undefined && !isAlive(Number(pid))
}
