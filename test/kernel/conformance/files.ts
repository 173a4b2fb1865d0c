import { chmodSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesBackend } from '../../../lib/xff-ban/backend/files.js'
import { shortTempDir } from '../../support/temp-dir.js'
import { ATTACKER, ATTACKER6, SECOND_ATTACKER } from '../addresses.js'
import { refusedAt, type Subject } from './enforcement-point.js'
import { startNginx } from './nginx.js'

/** Files that a real nginx looks for. */
export const files: Subject = {
  name: 'files',
  needs: ['nginx'],
  lacks: {
    'bans prefixes': 'a file has the name of one address',
    'restarts with its bans': 'a folder that was removed is empty when it is made again',
    'ends bans by itself': 'a file stays until xff-ban removes it',
  },
  async build(t) {
    const top = shortTempDir(t)
    chmodSync(top, 0o755)
    const dir = join(top, 'jail')
    const { port } = await startNginx(t, [`if (-f ${dir}/$remote_addr) { return 403; }`])
    return {
      start: () => filesBackend(dir),
      options: ['--dir', dir],
      refused: refusedAt(port),
      async theirs(ip) {
        await filesBackend(dir).open([])
        writeFileSync(join(dir, ip), 'by hand')
      },
      damages: {
        'a file removed': async () => rmSync(join(dir, ATTACKER6), { force: true }),
        'all files removed': async () => {
          for (const ip of [ATTACKER, ATTACKER6, SECOND_ATTACKER]) rmSync(join(dir, ip), { force: true })
        },
      },
      async goAway() {
        renameSync(dir, `${dir}.away`)
        writeFileSync(dir, 'in the way')
        return async () => rmSync(dir)
      },
      traces: async () => readdirSync(top, { recursive: true }).filter(name => name !== 'jail'),
    }
  },
}
