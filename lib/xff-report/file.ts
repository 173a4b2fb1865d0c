import { messageOf } from '../exit.js'
import { removeDrafts, replaceFile } from '../files/replace-file.js'

export interface FileOptions {
  path: string
  /** how often it is written while records come, in milliseconds; undefined: once, when they end */
  everyMs: number | undefined
  /** what stands in it; `isLast` when no more records come */
  render: (isLast: boolean) => string
  warn: (message: string) => void
}

/** A report in a file. Whoever reads it sees a whole one, at any time. */
export interface ReportFile {
  /** Writes it for the first time, and then again and again; with `everyMs` only. @throws where it cannot be written */
  begin: () => Promise<void>
  /** Writes it for the last time. @throws where it cannot be written */
  end: () => Promise<void>
}

export function createReportFile({ path, everyMs, render, warn }: FileOptions): ReportFile {
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  let hasFailed = false

  const write = async () => {
    try {
      await replaceFile(path, render(false))
      if (hasFailed) warn(`${path} is written again`)
      hasFailed = false
    } catch (error) {
      if (!hasFailed) warn(`${path} is as it was, and tried again: ${messageOf(error)}`)
      hasFailed = true
    }
  }
  // the pause begins when it is written, so that a slow disk does not gather writers
  const later = () => {
    timer = setTimeout(() => {
      writing = write().then(later)
    }, everyMs)
  }

  return {
    async begin() {
      if (everyMs === undefined) return
      await removeDrafts(path)
      await replaceFile(path, render(false))
      later()
    },
    async end() {
      clearTimeout(timer)
      await writing
      clearTimeout(timer)
      await replaceFile(path, render(true))
    },
  }
}
