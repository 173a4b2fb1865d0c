import './apart.js'
import { delimiter, join } from 'node:path'
import { isExecutable } from '../../lib/cli/options/command.js'

/** Why a test of these programs has to be skipped; false where all are there. */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter(name => !folders().some(folder => isExecutable(join(folder, name))))
  return absent.length > 0 && `${absent.join(' and ')} missing`
}

function folders(): string[] {
  return `${process.env.PATH}:/usr/sbin:/sbin`.split(delimiter)
}
