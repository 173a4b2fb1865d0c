/** The steps that the stories of a ban share. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { pathsOf } from '../../../lib/xff-ban/paths.js'
import { waitFor } from '../../support/wait-for.js'
import { ATTACKER, ATTACKER6, LOOKALIKES, LOOKALIKES6, USER, USER6, USERS, VICTIM } from '../addresses.js'
import { inTime } from './in-time.js'
import type { Front, Lab } from './lab.js'
import type { Pipeline } from './pipeline.js'
import { type Answer, isFromApp, type Request } from './request.js'
import type { Uwsgi } from './uwsgi.js'

/** Where a story takes place. */
export interface Scene {
  lab: Lab
  uwsgi: Uwsgi
  front: Front
}

/**
 * Makes ten failures from one address, half of them in a victim's name, and waits until it is refused: within 1 s of
 * the tenth line, says the promise; the measured time is printed.
 * @returns the first refusal
 */
export async function attackUntilRefused(t: Test, scene: Scene, from: string): Promise<Answer> {
  const { lab, uwsgi, front } = scene
  const path = `/404?${from}`
  for (let failures = 0; failures < 10; failures++) {
    const headers = failures % 2 === 0 ? {} : { 'X-Forwarded-For': VICTIM }
    const answer = await lab.request({ from, to: front, path, headers })
    if (!isFromApp(answer)) t.fail(`${from} is refused after ${failures} failures`, { answer })
  }
  await uwsgi.lines(`GET ${path} `, 10)
  const tenth = performance.now()
  const refusal = await untilAnswer(scene, from, false, 10)
  t.pass(`${from} is refused after ten failures`)
  t.comment(`${from}: refused ${(performance.now() - tenth).toFixed(0)} ms after the tenth line`)
  return refusal
}

/** Waits until the app serves an address, and returns when that was, in milliseconds since 1970. */
export async function untilServed(scene: Scene, from: string): Promise<number> {
  // every refusal leaves a half-open socket with the app for 7 s, and 100 of them fill its listen queue
  await untilAnswer(scene, from, true, 250)
  return Date.now()
}

function untilAnswer({ lab, front }: Scene, from: string, fromApp: boolean, every: number): Promise<Answer> {
  const what = `${from} to be ${fromApp ? 'served' : 'refused'}`
  const look = async () => {
    const answer = await lab.request({ from, to: front })
    return isFromApp(answer) === fromApp && answer
  }
  return waitFor(what, look, { every })
}

/** Those whom a ban of the attackers must not hurt, with what they write into their own headers. */
const BYSTANDERS: readonly Omit<Request, 'to'>[] = [
  ...[...LOOKALIKES, ...LOOKALIKES6, USER, USER6, ...USERS].map(from => ({ from })),
  ...[ATTACKER, `${VICTIM}, ${ATTACKER}`, `${ATTACKER}, ${VICTIM}`, ATTACKER6].flatMap(claimed =>
    [USER, USER6].map(from => ({ from, headers: { 'X-Forwarded-For': claimed } })),
  ),
]

/** Shows that everybody but the attackers is served. */
export async function othersAreServed(t: Test, { lab, front }: Scene): Promise<void> {
  const hurt: unknown[] = []
  for (const bystander of BYSTANDERS) {
    const answer = await lab.request({ ...bystander, to: front })
    if (!isFromApp(answer) || answer.status !== 200) hurt.push({ ...bystander, answer })
  }
  t.same(hurt, [], `${BYSTANDERS.length} others are served`)
}

/** What a page can make others send: the address as a front end might write it, in lines that are no business of its. */
const STRANGE_LINES: readonly NonNullable<Request['headers']>[] = [
  { 'Accept-Language': `de, ${ATTACKER}` },
  { Cookie: `a=b, ${ATTACKER}` },
  { Via: `X-Forwarded-For: ${ATTACKER}` },
  { 'X-Forwarded-For': VICTIM, 'Accept-Language': `de, ${ATTACKER6}` },
]

/** Shows that whoever writes an attacker's address into another header is served. */
export async function strangeLinesAreServed(t: Test, { lab, front }: Scene): Promise<void> {
  const hurt: unknown[] = []
  for (const headers of STRANGE_LINES) {
    for (const from of [USER, USER6]) {
      const answer = await lab.request({ from, to: front, headers })
      if (!isFromApp(answer) || answer.status !== 200) hurt.push({ from, headers, answer })
    }
  }
  t.same(hurt, [], 'those who write the address into another header are served')
}

/** What an attacker writes into his header to be taken for another. */
const CLAIMS = [VICTIM, USER, `${VICTIM}, ${USER6}`, 'unknown', ...LOOKALIKES]

/** Front ends write other headers behind the client for HTTP/1.0. */
const VERSIONS = ['1.1', '1.0'] as const

/** Shows that an attacker is refused, whomever he claims to be, in both versions of HTTP. */
export async function isRefused(t: Test, { lab, front }: Scene, from: string): Promise<void> {
  const claims = [{}, ...CLAIMS.map(claimed => ({ 'X-Forwarded-For': claimed }))]
  // at once: where connections are reset, an answer takes a fifth of a second
  const requests = claims.flatMap(headers => VERSIONS.map(version => ({ from, to: front, headers, version })))
  const answers = await Promise.all(
    requests.map(async request => ({ request, answer: await lab.request(request) })),
  )
  t.same(
    answers.filter(({ answer }) => isFromApp(answer)),
    [],
    `${from} is refused, whomever he claims to be`,
  )
}

/** Where the pipeline's xff-ban keeps its bans. */
const journalIn = (folder: string) => join(folder, 'journal')

/** Starts the pipeline of the README on the app host. */
export function startPipeline({ lab, uwsgi }: Scene, options: string): Pipeline {
  return lab.pipeline(
    `tail -F ${uwsgi.log} | uwsgi-parse | xff-window --max 10 --find 300 | ` +
      `xff-ban ${options} --state ${journalIn(lab.folder)}`,
  )
}

/** Starts the pipeline with options of the packet filter, and waits until packets pass its chain. */
export async function startFiltering(scene: Scene, options: string): Promise<Pipeline> {
  const pipeline = startPipeline(scene, `${options} --packets iptables`)
  const jump = async () => (await scene.lab.command(['iptables-save'])).includes('-j xff-ban')
  await waitFor('the jump to the chain', jump)
  return pipeline
}

/** Starts the pipeline with options of the kernel program, and waits until packets pass it. */
export async function startAnswering(scene: Scene, options: string): Promise<Pipeline> {
  const pipeline = startPipeline(scene, options)
  await waitFor('the kernel program', () => pipeline.written().stderr.includes('bans by bpf'))
  return pipeline
}

/**
 * Bans on the app host with a command that then ends: the kernel is alone with the bans, and these are all.
 * @returns when they end, in milliseconds since 1970
 */
export async function banAndLeave(
  { lab }: Pick<Scene, 'lab'>,
  options: string,
  ips: readonly string[],
): Promise<number[]> {
  const state = ['--state', join(lab.folder, `journal-${Math.random()}`)]
  const input = ips.map(ip => `${JSON.stringify({ type: 'ban', ip })}\n`).join('')
  const records = await lab.command(['xff-ban', ...options.split(' '), ...state], { input })
  return records.split('\n').map(record => Date.parse(JSON.parse(record).until))
}

/** Has the pipeline's xff-ban ban an address. @returns when that ends, in milliseconds since 1970 */
export async function banFor({ command, folder }: Lab, ip: string, seconds: number): Promise<number> {
  const journal = journalIn(folder)
  await waitFor('an xff-ban that takes orders', () => existsSync(pathsOf(journal).socket))
  const argv = ['xff-ban', 'ban', ip, '--time', String(seconds), '--state', journal] as const
  return Date.parse(JSON.parse(await command(argv)).until)
}

/** Shows that bans end at their time, and not before it, although nobody takes them down. */
export async function endByThemselves(
  t: Test,
  scene: Scene,
  options: string,
  ips: readonly string[],
): Promise<void> {
  const { until, found } = await inTime(async seconds => {
    const ends = await banAndLeave(scene, `${options} --time ${seconds}`, ips)
    const answers = ips.map(from => scene.lab.request({ from, to: scene.front }))
    return { until: Math.min(...ends), found: (await Promise.all(answers)).filter(isFromApp) }
  })
  t.same(found, [], 'all of them are refused')
  for (const ip of ips) {
    const after = (await untilServed(scene, ip)) - until
    t.ok(after >= 0, `the ban of ${ip} ends by itself, and not before its time`, { after })
    t.comment(`${ip}: served again ${after} ms after the end of the ban`)
  }
}

/** The ban that the pipeline has told of an address. */
export function banOf(pipeline: Pipeline, ip: string): Promise<Record<string, unknown>> {
  return waitFor(`the record of the ban of ${ip}`, () =>
    pipeline.records().find(record => record.type === 'ban' && record.ip === ip),
  )
}

/** Kills everything that could keep up a ban. */
export async function killAll(t: Test, pipeline: Pipeline): Promise<void> {
  const pids = await pipeline.kill(['xff-ban', 'xff-window', 'uwsgi-parse', 'tail'])
  t.equal(pids.length, 4, 'all processes are killed')
}
