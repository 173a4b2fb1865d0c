import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { nginxBackend } from '../../../lib/xff-ban/backend/nginx.js'
import { runProgram } from '../../../lib/xff-ban/backend/run-program.js'
import { shortTempDir } from '../../support/temp-dir.js'
import { ATTACKER, SECOND_ATTACKER } from '../addresses.js'
import { ban } from './ban.js'
import { type Daemon, startDaemon } from './daemon.js'
import { refusedAt, type Subject } from './enforcement-point.js'

/** A file of deny lines, included by a real nginx. */
export const nginx: Subject = {
  name: 'nginx',
  needs: ['nginx'],
  lacks: { 'ends bans by itself': 'a deny line has no end' },
  async build(t) {
    const top = shortTempDir(t)
    const file = join(top, 'deny.conf')
    const theirs = join(top, 'theirs.conf')
    writeFileSync(file, '')
    writeFileSync(theirs, '')
    const { port, daemon, command } = await startNginx(t, [`include ${file};`, `include ${theirs};`])
    return {
      start: () => nginxBackend({ file, command }),
      options: ['--nginx', file, '--nginx-command', command.join(' ')],
      refused: refusedAt(port),
      // a reload is the beginning of what it does
      late: true,
      async theirs(ip) {
        appendFileSync(theirs, `deny ${ip};\n`)
        await runProgram([...command, '-s', 'reload'])
      },
      damages: {
        'the file emptied': async () => writeFileSync(file, ''),
        'a line changed': async () =>
          writeFileSync(file, readFileSync(file, 'utf8').replace('deny', 'allow')),
      },
      async goAway() {
        await daemon.stop()
        return daemon.start
      },
      traces: async () => readFileSync(file, 'utf8').replaceAll(/^#.*\n/gm, ''),
    }
  },

  own: {
    async 'a configuration that nginx refuses is reported, and all stays as it was'(t) {
      const { file, backend, more } = await oneWithMore(t)
      await backend.open([ban(ATTACKER)])
      const before = readFileSync(file, 'utf8')
      writeFileSync(more, 'nonsense;')
      await t.rejects(backend.apply([{ ban: ban(SECOND_ATTACKER) }]), {
        message: /nginx: .*unknown directive "nonsense"/,
        exitCode: 69,
      })
      t.equal(readFileSync(file, 'utf8'), before)
      await t.rejects(backend.open([ban(SECOND_ATTACKER)]), { message: /nonsense/, exitCode: 69 })
      t.equal(readFileSync(file, 'utf8'), before)
      writeFileSync(more, '')
      await backend.open([ban(SECOND_ATTACKER)])
      t.match(readFileSync(file, 'utf8'), `deny ${SECOND_ATTACKER};`)
    },

    async 'a file that nginx does not include is an error'(t) {
      const { file, command } = await oneWithMore(t)
      const forgotten = `${file}.forgotten`
      await t.rejects(nginxBackend({ file: forgotten, command }).open([ban(ATTACKER)]), {
        message: `nginx: the configuration does not say: include ${forgotten};`,
        exitCode: 69,
      })
    },

    async 'when nothing has changed, nginx is left alone'(t) {
      const { backend, reloads } = await oneWithMore(t)
      await backend.open([ban(ATTACKER)])
      t.equal(reloads(), 1)
      await backend.apply([{ unban: SECOND_ATTACKER }])
      await backend.apply([{ ban: ban(ATTACKER, 7200) }])
      await backend.reconcile()
      t.equal(reloads(), 1)
      await backend.apply([{ ban: ban(SECOND_ATTACKER) }])
      t.equal(reloads(), 2)
    },
  },
}

/** A nginx that includes our file and one more, and is called by a script that counts the reloads. */
async function oneWithMore(t: Test) {
  const top = shortTempDir(t)
  const [file, more, count, script] = ['deny.conf', 'more.conf', 'count', 'script'].map(name =>
    join(top, name),
  ) as [string, string, string, string]
  for (const path of [file, more, count]) writeFileSync(path, '')
  const { command } = await startNginx(t, [`include ${file};`, `include ${more};`])
  writeFileSync(
    script,
    `#!/bin/sh\ncase "$*" in *reload) echo >>${count} ;; esac\nexec ${command.join(' ')} "$@"\n`,
  )
  chmodSync(script, 0o755)
  const reloads = () => readFileSync(count, 'utf8').length
  return { file, more, command, backend: nginxBackend({ file, command: [script] }), reloads }
}

const PORT = 8080

/** Starts nginx with some lines in its server; it ends with the test. */
export async function startNginx(
  t: Test,
  lines: readonly string[],
): Promise<{ port: number; daemon: Daemon; command: string[] }> {
  const top = shortTempDir(t)
  const configuration = join(top, 'nginx.conf')
  writeFileSync(
    configuration,
    `user root; daemon off; worker_processes 1; pid ${top}/pid; error_log ${top}/error.log;
    events { worker_connections 1024; }
    http {
      access_log off;
      client_body_temp_path ${top}/body; proxy_temp_path ${top}/proxy; uwsgi_temp_path ${top}/uwsgi;
      fastcgi_temp_path ${top}/fastcgi; scgi_temp_path ${top}/scgi;
      server {
        listen 127.0.0.1:${PORT}; listen [::1]:${PORT};
        location / { empty_gif; }
        ${lines.join('\n')}
      }
    }\n`,
  )
  const command = ['nginx', '-c', configuration, '-p', top, '-e', join(top, 'error.log')]
  const daemon = await startDaemon(t, command, PORT)
  return { port: PORT, daemon, command }
}
