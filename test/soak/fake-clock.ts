import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs'

/** Debian's libfaketime, for programs with threads; undefined where it is not installed. */
export const fakeTime: string | undefined = readdirSync('/usr/lib')
  .map(folder => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`)
  .find(existsSync)

/** A wall clock that one process sees, and that can be set. The clocks that only run stay as they are. */
export interface FakeClock {
  env: Record<string, string>
  /** @param ahead of the true time, in seconds */
  set: (ahead: number) => void
}

/** @param file where libfaketime looks, each time that it is asked, how far ahead the clock is */
export function createFakeClock(library: string, file: string): FakeClock {
  const set = (ahead: number) => {
    // no part of it may be read
    writeFileSync(`${file}.new`, `${ahead < 0 ? '' : '+'}${ahead}\n`)
    renameSync(`${file}.new`, file)
  }
  set(0)
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
  }
}
