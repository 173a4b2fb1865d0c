/** Devices come in crowds, each with several events: how long they are gathered, in milliseconds. */
const GATHER_MS = 50
/** How long it takes until a watch that has ended is begun again, in milliseconds. */
const AGAIN_MS = 10_000

/**
 * Tells when network devices come, go or change, as the kernel tells `ip monitor`. Where that cannot be run nothing is
 * told; whoever needs more looks himself now and then.
 * @returns ends it
 */
export function watchLinks(onChange: () => void): () => void {
  let stopped = false
  let kill: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined

  const tell = () => {
    timer ??= setTimeout(() => {
      timer = undefined
      onChange()
    }, GATHER_MS)
  }

  const begin = async (): Promise<void> => {
    const { execa } = await import('execa')
    if (stopped) return
    const child = execa('ip', ['-o', 'monitor', 'link'], {
      stdin: 'ignore',
      stderr: 'ignore',
      buffer: false,
      reject: false,
    })
    kill = () => child.kill()
    for await (const _ of child.iterable({ from: 'stdout', binary: true })) tell()
    await child
    // what came between two watches is found by looking once
    again = setTimeout(() => {
      void begin()
      tell()
    }, AGAIN_MS)
    if (stopped) clearTimeout(again)
  }
  let again: NodeJS.Timeout | undefined
  void begin()

  return () => {
    stopped = true
    clearTimeout(timer)
    clearTimeout(again)
    kill?.()
  }
}
