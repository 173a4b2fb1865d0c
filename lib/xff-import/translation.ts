/** A jail as the pipeline that does its work, and what of it was not translated. */
export interface Translated {
  jail: string
  /** the files of the log, patterns allowed; or the arguments of journalctl */
  log: { files: string[] } | { journal: string[] }
  /** the arguments of each command */
  parse: string[]
  window: string[]
  ban: string[]
  /** undefined: the jail sends no mail */
  notify: string[] | undefined
  /** the jail's name as xff-ban takes it; undefined where none of its letters is allowed */
  name: string | undefined
  notes: string[]
}

/** A jail that stays with fail2ban, and why. */
export interface Skipped {
  jail: string
  skipped: string
  /** whether it does nothing in fail2ban either */
  isOff?: true
  notes: string[]
}

/** Notes an option that is not translated, and the reason. */
export type Note = (option: string, value: string, reason: string) => void

/** Reads an option of the jail, interpolated. One whose value cannot be expanded is noted and counts as absent. */
export type ReadOption = (option: string) => string | undefined

/** Whether a value is one of Python's spellings of true. */
export function isTrue(value: string | undefined): boolean {
  return /^(1|yes|true|on)$/i.test(value ?? '')
}
