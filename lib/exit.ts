/**
 * The exit codes of the commands, as in sysexits.h; 1 of some subcommands alone: of `unban`, somebody is still refused; of
 * `check`, not all of it holds; of `why`, somebody is not banned; of `status`, something is amiss. Whoever ends a command
 * that asks by Ctrl-C gets what a shell reports for SIGINT.
 */
export const EXIT = {
  stillBanned: 1,
  doesNotHold: 1,
  notBanned: 1,
  amiss: 1,
  usage: 64,
  noInput: 66,
  unavailable: 69,
  software: 70,
  io: 74,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A failure that ends the command with an exit code which is known where it is thrown. */
export class ExitError extends Error {
  readonly exitCode: ExitCode
  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** The exit code for whatever was thrown: its own; EX_IOERR for an error of the system; else it is a defect of ours. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ExitError) return error.exitCode
  return isSystemError(error) ? EXIT.io : EXIT.software
}

/** What was thrown, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The code of an error of Node or of the system, such as `ENOENT`; undefined where it has none. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** Whether a call of the system failed, as against a defect in a program. */
export function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall !== undefined
}
