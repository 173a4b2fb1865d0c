import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Why a test of these programs has to be skipped; false where all are there. */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter(name => !folders().some(folder => executable(join(folder, name))))
  return absent.length > 0 && `${absent.join(' and ')} missing`
}

function folders(): string[] {
  return `${process.env.PATH}:/usr/sbin:/sbin`.split(delimiter)
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
