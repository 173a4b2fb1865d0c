/** A jail as the pipeline that does its work, and what of it could not be carried over. */
export interface Carried {
  jail: string
  /** the files of the log, patterns allowed; or the arguments of journalctl */
  log: { files: string[] } | { journal: string[] }
  parse: string[]
  window: string[]
  ban: string[]
  /** the name of the jail for xff-ban; undefined: none of its letters could be one */
  name: string | undefined
  /** undefined: nobody is told */
  notify: string[] | undefined
  notes: string[]
}

/** A jail that stays with fail2ban, and why. */
export interface Left {
  jail: string
  because: string
  notes: string[]
}

/** Takes what could not be carried over. */
export type Note = (option: string, value: string, reason: string) => void

/** Reads an option of the jail, interpolated; one whose value cannot be had is noted and counts as absent. */
export type Read = (option: string) => string | undefined
