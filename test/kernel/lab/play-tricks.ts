import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { waitFor } from '../../support/wait-for.js'
import { VICTIM } from '../addresses.js'
import { TRICKS, type Trick } from './hostile.js'
import type { Front, Lab } from './lab.js'
import { isFromApp } from './request.js'

/** A log, and how to read it. */
export interface Logged {
  log: string
  /** the options of uwsgi-parse */
  argv: readonly string[]
  /** whether it is known how the front end reaches uWSGI, so that every line has one reading */
  isExact?: boolean
  /** whether a line has no limit, so that none is too long */
  isUnlimited?: boolean
}

/** How many requests are on their way at a time. */
const ABREAST = 16

/** How much is told of what is lost, in characters. */
const TOLD = 2000

/** The mark of a request in its URI. */
const ID = /\?id=(\d+)\./g

/** A request that was made, and what its record has to say. */
interface Sent {
  trick: Trick
  ip: string
  status: number
  method: string
}

let lastId = 0

/**
 * Plays every trick from each of these addresses, and compares what uwsgi-parse makes of them with what was done.
 */
export async function clientsAreTrue(
  t: Test,
  lab: Lab,
  app: Logged,
  front: Front,
  clients: readonly string[],
): Promise<void> {
  const sent = new Map<number, Sent>()
  const start = readFileSync(app.log).length
  let refused = 0
  const play = async (trick: Trick, from: string) => {
    const id = ++lastId
    const status = [404, 500, 403][id % 3] as number
    const path = `/${status}?id=${id}.${trick.query ?? ''}`
    const { query: _, pieces: __, ...request } = trick
    const answer = await lab.request({ ...request, from, to: front, path })
    // what a front end refuses is not logged
    if (!isFromApp(answer)) refused += 1
    else sent.set(id, { trick, ip: from, status, method: trick.method ?? 'GET' })
  }
  const games = clients.flatMap(from => TRICKS.map(trick => () => play(trick, from)))
  for (let i = 0; i < games.length; i += ABREAST)
    await Promise.all(games.slice(i, i + ABREAST).map(game => game()))
  await waitFor('the lines of all requests', () => {
    const logged = new Set([...readFileSync(app.log, 'latin1').matchAll(ID)].map(match => Number(match[1])))
    const lost = [...sent].filter(([id, { trick }]) => !(trick.long || trick.torn || logged.has(id)))
    if (lost.length === 0) return true
    throw new Error(`${lost.length} are not there: ${JSON.stringify(lost).slice(0, TOLD)}`)
  })

  const input = readFileSync(app.log).subarray(start)
  const written = await lab.command(['uwsgi-parse', '--tally', '0', '--all', ...app.argv], { input })
  const wrong: unknown[] = []
  let unknown = 0
  for (const line of written.split('\n')) {
    const { ip, status, method } = JSON.parse(line)
    const id = Number(line.match(new RegExp(ID, ''))?.[1])
    const truth = sent.get(id)
    if (ip === VICTIM) wrong.push({ line })
    // of a line that was too long for uWSGI nothing is left to know it by
    if (Number.isNaN(id) && (ip !== null || app.isUnlimited)) wrong.push({ line })
    if (!truth) continue
    sent.delete(id)
    if (ip === null) unknown += 1
    const isRight =
      ip === truth.ip &&
      status === truth.status &&
      (method === truth.method || (truth.trick.pieces && !app.isExact))
    if (!isRight && !(ip === null && truth.trick.pieces && !app.isExact)) wrong.push({ truth, line })
  }
  const lost = [...sent.values()].filter(({ trick }) => !(trick.long && !app.isUnlimited) && !trick.torn)
  t.same(wrong, [], 'every client is the true one, or unknown where there are two readings')
  t.same(lost, [], 'every request has its record')
  t.comment(`${games.length} requests, ${refused} refused, ${unknown} unknown`)
}
