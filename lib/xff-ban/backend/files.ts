import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { messageOf } from '../../exit.js'
import { readOwn } from '../../files/own-file.js'
import { openFilesOf, targetOfDraft } from '../../files/replace-file.js'
import { canonical } from '../../net/address.js'
import { counted } from '../../text/counted.js'
import { encodeLine, parseLine } from '../../wire/jsonl.js'
import type { Ban } from '../jail/ban.js'
import { applyTo, type Backend, BackendError, type Change } from './backend.js'

/** How many files come and go before anything else has a turn: 64 take some milliseconds. */
const FILES_PER_TURN = 64

/**
 * One file a ban, named by the address: it holds the ban's record, and its mtime is the end of the ban, so
 * that `find DIR -type f ! -newermt now -delete` ends the bans even when every process of ours is dead.
 * A file comes and goes by one rename or unlink; a reader never sees half of it.
 */
export function filesBackend(dir: string): Backend {
  const path = (ip: string) => join(dir, ip)

  const carryOut = async (changes: readonly Change[]) => {
    const files = openFilesOf(dir)
    try {
      for (const [i, change] of changes.entries()) {
        if (i % FILES_PER_TURN === FILES_PER_TURN - 1) await setImmediate()
        if ('unban' in change) files.remove(change.unban)
        else files.replace(change.ban.ip, encodeLine(change.ban.record), change.ban.until)
      }
    } finally {
      files.close()
    }
  }

  /** The bans that lie in the folder; files that others have put there are not touched. */
  const present = async () => {
    const names = await readdir(dir)
    const ours = await Promise.all(
      names.map(async name => {
        // what an earlier run has left half written
        const target = targetOfDraft(name)
        if (target !== undefined && canonical(target) === target) return true
        if (canonical(name) !== name) return false
        const record = parseLine((await readOwn(path(name)).catch(() => '')).trimEnd(), ['ban'])
        return typeof record !== 'string' && record.ip === name
      }),
    )
    return names.filter((_, i) => ours[i])
  }

  /** the bans that the folder should hold */
  let inForce = new Map<string, Ban>()

  return {
    name: `files in ${dir}`,
    place: { kind: 'folder', option: '--dir', value: dir },
    hint: `nothing that answers requests looks into ${dir}, or it looks for another address than the log tells`,
    refuses: ip => (ip.includes('/') ? 'a file is named by one address, not by a prefix' : undefined),
    open: bans =>
      orUnusable(dir, async () => {
        await mkdir(dir, { recursive: true })
        const wanted = new Set(bans.map(({ ip }) => ip))
        const left = (await present()).filter(name => !wanted.has(name))
        await carryOut([...left.map(unban => ({ unban })), ...bans.map(ban => ({ ban }))])
        inForce = new Map(bans.map(ban => [ban.ip, ban]))
      }),
    apply: changes =>
      orUnusable(dir, async () => {
        await carryOut(changes)
        applyTo(inForce, changes)
      }),
    async reconcile() {
      const there = new Set(await present().catch(() => []))
      const missing = [...inForce.values()].filter(({ ip }) => !there.has(ip))
      if (missing.length === 0) return undefined
      await orUnusable(dir, async () => {
        await mkdir(dir, { recursive: true })
        await carryOut(missing.map(ban => ({ ban })))
      })
      return `${counted(missing.length, 'file')} missing in ${dir}`
    },
    flush: () =>
      orUnusable(dir, async () => {
        await carryOut((await present()).map(unban => ({ unban })))
        inForce = new Map()
      }),
  }
}

async function orUnusable(dir: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw new BackendError(`cannot keep bans in ${dir}: ${messageOf(error)}`, { cause: error })
  }
}
