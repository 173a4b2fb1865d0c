import { readOwn } from '../../files/own-file.js'
import type { Ban } from '../jail/ban.js'
import { applyTo, type Backend, BackendError, type Change } from './backend.js'
import { type Ask, withRuntimeApi } from './haproxy/runtime-api.js'
import { replaceFile } from './replace-file.js'

export interface Options {
  /** the Unix socket of the runtime API, at level admin */
  socket: string
  /** the map's file, by the very name that HAProxy's configuration has for it */
  map: string
}

const HEADER = '# written by xff-ban: who is banned, and until when in seconds since 1970\n'
/** How much of a set goes into one command: HAProxy takes one of up to 16 KiB (tune.bufsize). */
const PIECE_BYTES = 4000
/** The longest line of `show map`: a pointer, a prefix and an end. */
const LINE_BYTES = 100
/** How many entries of others our map may hold. */
const MAX_FOREIGN = 10_000

/**
 * A map of HAProxy from address or prefix to the end of the ban, changed while it runs and kept in its file,
 * where a restart or a reload finds it. HAProxy compares the ends with its own clock, so a ban ends whatever
 * has become of us. In the frontend:
 *
 *     http-request set-var(txn.now) date()
 *     http-request deny deny_status 403 if { src,map_ip_int(FILE,0),sub(txn.now) gt 0 }
 *
 * The file has to be there before HAProxy first starts, if empty. A whole set is put in place at once: a new
 * version of the map is prepared, filled, and committed (HAProxy 2.4 on).
 */
export function haproxyBackend({ socket, map }: Options): Backend {
  let inForce = new Map<string, Ban>()

  const save = (bans: Iterable<Ban>) => replaceFile(map, textOf(bans))
  const command = (ask: Ask, text: string, known?: string) => carryOut(ask, map, text, known)

  const add = async (ask: Ask, where: string, bans: readonly Ban[]) => {
    for (const piece of pieces(bans)) await command(ask, `add map ${where} <<\n${piece}`)
  }

  const replace = (bans: readonly Ban[]) =>
    withRuntimeApi(socket, async ask => {
      const answer = await ask(`prepare map ${map}`)
      const version = /^New version created: (\d+)$/.exec(answer)?.[1]
      if (version === undefined) throw new BackendError(`HAProxy, map ${map}: ${answer}`)
      await add(ask, `@${version} ${map}`, bans)
      await command(ask, `commit map @${version} ${map}`)
    })

  const tell = ({ gone, moved, added }: MapChange) =>
    withRuntimeApi(socket, async ask => {
      for (const ip of gone) await command(ask, `del map ${map} ${ip}`, 'Key not found.')
      const lost: Ban[] = []
      for (const ban of moved)
        if (await command(ask, `set map ${map} ${ban.ip} ${endOf(ban)}`, 'entry not found.')) lost.push(ban)
      await add(ask, map, [...added, ...lost])
    })

  return {
    name: `HAProxy map ${map}`,
    place: { kind: 'file', option: '--map', value: map },
    hint: `no http-request deny of the frontend asks ${map}, or another HAProxy stands in front of this one`,
    refuses: () => undefined,

    async open(bans) {
      // the file first: should HAProxy be down, it comes up with it
      await save(bans)
      await replace(bans)
      inForce = new Map(bans.map(ban => [ban.ip, ban]))
    },

    async apply(changes: readonly Change[]) {
      const after = new Map(inForce)
      applyTo(after, changes)
      const change = changeOf(inForce, after)
      if (Object.values(change).every(some => some.length === 0)) return
      // at the same time: HAProxy need not wait until the file is on the disk, nor the file until HAProxy is up again
      for (const part of await Promise.allSettled([tell(change), save(after.values())]))
        if (part.status === 'rejected') throw part.reason
      inForce = after
    },

    async reconcile() {
      const bans = [...inForce.values()]
      const problems: string[] = []
      if ((await readOwn(map).catch(() => '')) !== textOf(bans)) {
        problems.push(`${map} had been changed`)
        await save(bans)
      }
      const maxBytes = (bans.length + MAX_FOREIGN) * LINE_BYTES
      const shown = await withRuntimeApi(socket, ask => ask(`show map ${map}`, maxBytes))
      const there = new Map(shown.split('\n').map(line => line.split(' ').slice(1) as [string, string]))
      const missing = bans.filter(ban => there.get(ban.ip) !== endOf(ban)).length
      if (missing > 0) {
        problems.push(`${missing} of ${bans.length} bans were missing from HAProxy's map ${map}`)
        await replace(bans)
      }
      return problems.length === 0 ? undefined : problems.join('; ')
    },

    /** The file stays, empty: HAProxy does not start without it. */
    async flush() {
      await this.open([])
    },
  }
}

/** A command whose answer is empty unless something is wrong. */
async function carryOut(ask: Ask, map: string, text: string, known = ''): Promise<string> {
  const answer = await ask(text)
  if (answer === '' || answer === known) return answer
  throw new BackendError(`HAProxy, map ${map}: ${answer}`)
}

/** What changes in the map: addresses that leave, bans with another end, and new ones. */
interface MapChange {
  gone: readonly string[]
  moved: readonly Ban[]
  added: readonly Ban[]
}

function changeOf(before: ReadonlyMap<string, Ban>, after: ReadonlyMap<string, Ban>): MapChange {
  const bans = [...after.values()]
  return {
    gone: [...before.keys()].filter(ip => !after.has(ip)),
    moved: bans.filter(ban => before.has(ban.ip) && before.get(ban.ip) !== ban),
    added: bans.filter(ban => !before.has(ban.ip)),
  }
}

/** A whole second, as HAProxy counts; a ban is never shorter for it. */
function endOf({ until }: Ban): string {
  return String(Math.ceil(until / 1000))
}

function lineOf(ban: Ban): string {
  return `${ban.ip} ${endOf(ban)}\n`
}

function textOf(bans: Iterable<Ban>): string {
  return HEADER + [...bans].map(lineOf).join('')
}

/** The lines of a set in pieces that fit into one command. */
function pieces(bans: readonly Ban[]): string[] {
  const whole: string[] = []
  let piece = ''
  for (const ban of bans) {
    const line = lineOf(ban)
    if (piece.length + line.length > PIECE_BYTES) {
      whole.push(piece)
      piece = ''
    }
    piece += line
  }
  return piece === '' ? whole : [...whole, piece]
}
