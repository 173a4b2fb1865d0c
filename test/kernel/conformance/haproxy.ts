import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withRuntimeApi } from '../../../lib/xff-ban/backend/haproxy/runtime-api.js'
import { haproxyBackend } from '../../../lib/xff-ban/backend/haproxy.js'
import { shortTempDir } from '../../support/temp-dir.js'
import { ATTACKER, ATTACKER6 } from '../addresses.js'
import { ban } from './ban.js'
import { startDaemon } from './daemon.js'
import { refusedAt, type Subject } from './enforcement-point.js'

const PORT = 8081

/** A map of a real HAProxy. */
export const haproxy: Subject = {
  name: 'haproxy',
  needs: ['haproxy'],
  lacks: {},
  async build(t) {
    const top = shortTempDir(t)
    const [map, theirs, socket] = [join(top, 'banned.map'), join(top, 'theirs.map'), join(top, 'admin.sock')]
    writeFileSync(map, '')
    writeFileSync(theirs, '')
    const configuration = join(top, 'haproxy.cfg')
    writeFileSync(
      configuration,
      `global
  stats socket ${socket} mode 600 level admin
defaults
  mode http
  timeout client 30s
frontend front
  bind 127.0.0.1:${PORT}
  bind [::1]:${PORT}
  http-request deny if { src,map_ip(${theirs}) -m found }
  http-request set-var(txn.now) date()
  http-request deny deny_status 403 if { src,map_ip_int(${map},0),sub(txn.now) gt 0 }
  http-request return status 200
`,
    )
    const daemon = await startDaemon(t, ['haproxy', '-db', '-f', configuration], PORT)
    const tell = (command: string) => withRuntimeApi(socket, async ask => void (await ask(command)))
    return {
      start: () => haproxyBackend({ socket, map }),
      options: ['--haproxy', socket, '--map', map],
      refused: refusedAt(PORT),
      theirs: ip => tell(`add map ${theirs} ${ip} 1`),
      damages: {
        'an entry deleted': () => tell(`del map ${map} ${ATTACKER}`),
        'an end moved': () => tell(`set map ${map} ${ATTACKER6} 1`),
        'the map cleared': () => tell(`clear map ${map}`),
        'the file emptied': async () => writeFileSync(map, ''),
      },
      async goAway() {
        await daemon.stop()
        return daemon.start
      },
      traces: async () => [
        readFileSync(map, 'utf8').replaceAll(/^#.*\n/gm, ''),
        await withRuntimeApi(socket, ask => ask(`show map ${map}`)),
      ],
    }
  },

  own: {
    async 'a map that HAProxy does not know is an error'(t) {
      const [, socket = '', , map = ''] = (await haproxy.build(t)).options
      await t.rejects(haproxyBackend({ socket, map: `${map}.unknown` }).open([]), {
        message: `HAProxy, map ${map}.unknown: Unknown map identifier. Please use #<id> or <file>.`,
        exitCode: 69,
      })
    },

    async 'a ban replaces one that somebody has deleted'(t) {
      const { start, refused, damages } = await haproxy.build(t)
      const backend = start()
      await backend.open([ban(ATTACKER)])
      await damages['an entry deleted']?.()
      t.same(await refused([ATTACKER]), [])
      await backend.apply([{ ban: ban(ATTACKER, 7200) }])
      t.same(await refused([ATTACKER]), [ATTACKER])
    },

    async 'a set of 20,000 is put in place, and found whole'(t) {
      const { start, refused } = await haproxy.build(t)
      const many = Array.from({ length: 20_000 }, (_, i) => `2001:db8:0:8000::${i.toString(16)}`)
      const backend = start()
      await backend.open(many.map(ip => ban(ip)))
      t.equal(await backend.reconcile(), undefined)
      const some = [...many.slice(1, 20), ...many.slice(-20), ATTACKER]
      t.same(await refused(some), some.slice(0, -1))
    },
  },
}
