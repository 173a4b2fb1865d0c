import { join } from 'node:path'
import type { Test } from 'tap'
import { ATTACKER, ATTACKER6, USER } from '../addresses.js'
import { createLab, type Front, type Lab } from '../lab/lab.js'

/** Where the kernel program and its tables are pinned. */
export const ROOT = '/sys/fs/bpf/xff-ban'

/** An app whose port the kernel program polices, behind an nginx. */
export interface PolicedApp {
  lab: Lab
  front: Front
  /** where this lab's program is pinned */
  pins: string
  /** Runs xff-ban to its end, on these bans; returns what it wrote on stdout. */
  xffBan: (options: string, ...ips: string[]) => Promise<string>
  /** Who of the two attackers and a user is refused. */
  refused: () => Promise<string[]>
}

export async function createPolicedApp(t: Test): Promise<PolicedApp> {
  const lab = await createLab(t)
  const { http } = await lab.uwsgi()
  const front = await lab.nginx({ to: [http] })
  const namespace = (await lab.command(['stat', '-L', '-c', '%i', '/proc/self/ns/net'])).trim()
  const xffBan = (options: string, ...ips: string[]) => {
    const input = ips.map(ip => `${JSON.stringify({ type: 'ban', ip })}\n`).join('')
    return lab.command(['xff-ban', '--packets', 'bpf', ...options.split(' ')], { input })
  }
  const refused = async () => {
    const answers = [ATTACKER, ATTACKER6, USER].map(async from => {
      const { status } = await lab.request({ from, to: front })
      return status === 403 ? from : []
    })
    return (await Promise.all(answers)).flat()
  }
  return { lab, front, pins: join(ROOT, `v5-${namespace}`), xffBan, refused }
}

/** The options that tell one xff-ban of a test from another. */
export const state = ({ lab }: PolicedApp, name = 'one') => `--name ${name} --state ${lab.folder}/${name}`
