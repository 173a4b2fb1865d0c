import { readdirSync } from 'node:fs'
import { jailsIn, readSettings, type Settings } from './settings.js'

/** A jail of this machine: one with settings, or one that was started by hand and has left its journal. */
export interface Jail {
  name: string
  /** undefined: started by hand */
  settings: Settings | undefined
  /** why its settings cannot be read */
  problem?: string
}

export interface Places {
  /** where the settings are */
  settings: string
  /** where xff-ban keeps the journals */
  journals: string
  /** where the commands that read the log keep their metrics, a folder for each jail */
  run: string
}

export const PLACES: Places = {
  settings: '/etc/xff-jail',
  journals: '/var/lib/xff-ban',
  run: '/run/xff-jail-log',
}

/** All jails of this machine, in order. */
export function findJails(places: Places): Jail[] {
  const named = jailsIn(places.settings)
  const others = journalsIn(places.journals).filter(name => !named.includes(name))
  return [...named, ...others]
    .sort()
    .map(name => (named.includes(name) ? withSettings(places, name) : { name, settings: undefined }))
}

function withSettings(places: Places, name: string): Jail {
  try {
    return { name, settings: readSettings(places.settings, name) }
  } catch (error) {
    return { name, settings: undefined, problem: error instanceof Error ? error.message : String(error) }
  }
}

function journalsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(file => file.endsWith('.jsonl'))
      .map(file => file.slice(0, -'.jsonl'.length))
  } catch {
    return []
  }
}
