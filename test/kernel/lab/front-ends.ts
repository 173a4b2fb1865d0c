import { join } from 'node:path'
import { wholeHaproxy } from './haproxy.js'
import { wholeNginx } from './nginx.js'

/** A program that serves as a front end. */
interface FrontEndProgram {
  /** what stands around a configuration for it to run in a folder of its own, in the foreground */
  whole: (text: string, folder: string) => string
  argv: (file: string, folder: string) => string[]
}

export const FRONT_ENDS = {
  nginx: {
    whole: wholeNginx,
    argv: (file, folder) => ['nginx', '-c', file, '-p', folder, '-e', join(folder, 'error.log')],
  },
  haproxy: { whole: wholeHaproxy, argv: file => ['haproxy', '-db', '-f', file] },
  apache2: { whole: wholeApache, argv: file => ['apache2', '-DFOREGROUND', '-f', file] },
  caddy: {
    whole: text => `{\nadmin off\n}\n${text}`,
    argv: (file, folder) => [
      // where it keeps things, else its user's home
      ...['env', `XDG_CONFIG_HOME=${folder}`, `XDG_DATA_HOME=${folder}`],
      ...['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
    ],
  },
} satisfies Record<string, FrontEndProgram>

export type Kind = keyof typeof FRONT_ENDS

const MODULES = ['mpm_event', 'authz_core', 'headers', 'proxy', 'proxy_http', 'proxy_uwsgi', 'remoteip']

function wholeApache(hosts: string, folder: string): string {
  return `
ServerRoot ${folder}
ServerName app.example
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
Mutex pthread
DefaultRuntimeDir ${folder}
User nobody
Group nogroup
Listen 80
${MODULES.map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${hosts}
`
}
