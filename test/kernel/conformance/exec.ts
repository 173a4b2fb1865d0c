import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { execBackend } from '../../../lib/xff-ban/backend/exec.js'
import { shortTempDir } from '../../support/temp-dir.js'
import { LIMIT } from '../../support/wait-for.js'
import { refusedAt, type Subject, serve } from './enforcement-point.js'
import { makeSets, referTo, removeSets } from './ipset.js'

/** As a user might write it: it keeps an ipset of its own, IPv4 and IPv6 apart. */
const PROGRAM = `#!/bin/sh
case $2 in *:*) set=ours6 ;; *) set=ours ;; esac
exec ipset -exist "$1" $set "$2"
`

/** A program of the user's. */
export const exec: Subject = {
  name: 'exec',
  needs: ['ipset', 'iptables', 'ip6tables', 'xt_set', 'REJECT', 'IPv6 REJECT'],
  lacks: {
    'repairs damage': 'xff-ban does not know what the program has done',
    'restarts with its bans': 'what a restart leaves is up to the program',
    'ends bans by itself': 'the program is called at the end of the ban, by xff-ban',
  },
  async build(t) {
    const port = await serve(t)
    const top = shortTempDir(t)
    const program = join(top, 'program')
    const memory = join(top, 'told')
    writeFileSync(program, PROGRAM)
    chmodSync(program, 0o755)
    removeSets(t)
    await makeSets('ours')
    await referTo('ours', port)
    return {
      start: () =>
        execBackend({
          onBan: [program, 'add', '{ip}'],
          onUnban: [program, 'del', '{ip}'],
          timeoutMs: LIMIT,
          memory,
          warn: message => t.comment(message),
        }),
      options: ['--on-ban', `${program} add {ip}`, '--on-unban', `${program} del {ip}`],
      refused: refusedAt(port),
      theirs: async ip => void (await execa('ipset', ['add', 'ours', ip])),
      // what a program has brought about is not ours to look at
      damages: {},
      async goAway() {
        renameSync(program, `${program}.away`)
        return async () => renameSync(`${program}.away`, program)
      },
      traces: async () => [
        (await execa('ipset', ['save', 'ours'])).stdout,
        (await execa('ipset', ['save', 'ours6'])).stdout,
        existsSync(memory) && readFileSync(memory, 'utf8'),
      ],
    }
  },
}
