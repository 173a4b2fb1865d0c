/** The files of a jail, side by side. */
export interface JailPaths {
  journal: string
  /** held by the process that runs */
  lock: string
  /** what the clock was when the journal was written */
  clock: string
  /** the control socket */
  socket: string
}

export function pathsOf(journal: string): JailPaths {
  const stem = journal.replace(/\.jsonl$/, '')
  return { journal, lock: `${stem}.lock`, clock: `${stem}.clock`, socket: `${stem}.sock` }
}
