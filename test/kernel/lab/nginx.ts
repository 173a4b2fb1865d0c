import type { Endpoint, Host } from './network.js'

export interface NginxOptions {
  /** the servers behind it: a pool when more than one */
  to: readonly Endpoint[]
  /** the family in which it reaches them */
  over?: 'v4' | 'v6'
  /** what it speaks to them: `proxy_pass` or `uwsgi_pass` */
  speaks?: 'http' | 'uwsgi'
  /** what becomes of a client's own X-Forwarded-For: the address is appended to it unless it is set */
  forwarded?: 'appended' | 'set'
  at?: Exclude<Host, 'client' | 'app'>
  port?: number
  /** how many idle connections to the servers are kept; none unless said */
  keepalive?: number
  /** failures after which a server of a pool is left out; nginx's default is 1 */
  maxFails?: number
  /** further directives of the location */
  more?: readonly string[]
  /** further directives of the server */
  server?: readonly string[]
}

/** The configuration of a front end that tells the app who the client is. */
export function nginxConfiguration(options: NginxOptions, own: Endpoint, folder: string): string {
  const { to, over = 'v4', speaks = 'http', keepalive = 0, maxFails = 1, more = [], server = [] } = options
  const forwarded = options.forwarded === 'set' ? '$remote_addr' : '$proxy_add_x_forwarded_for'
  const address = ({ v4, v6, port }: Endpoint) => (over === 'v4' ? `${v4}:${port}` : `[${v6}]:${port}`)
  const servers = to.map(server => `server ${address(server)} max_fails=${maxFails};`)
  const location = speaks === 'http' ? overHttp(forwarded, keepalive) : overUwsgi()
  return wholeNginx(
    `
  upstream app {
    ${servers.join('\n    ')}
    ${keepalive > 0 ? `keepalive ${keepalive};` : ''}
  }
  server {
    listen ${own.v4}:${own.port} backlog=4096;
    listen [${own.v6}]:${own.port} backlog=4096;
    ${server.join('\n    ')}
    location / {
      ${[...location, ...more].join('\n      ')}
    }
  }
`,
    folder,
  )
}

/**
 * What stands around it in /etc/nginx/nginx.conf.
 * @param http the directives of the `http` block
 */
export function wholeNginx(http: string, folder: string): string {
  return `
user root;
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  uwsgi_temp_path ${folder}/uwsgi;
  fastcgi_temp_path ${folder}/fastcgi;
  scgi_temp_path ${folder}/scgi;
  ${http}
}
`
}

function overHttp(forwarded: string, keepalive: number): string[] {
  return [
    'proxy_pass http://app;',
    'proxy_set_header Host $host;',
    `proxy_set_header X-Forwarded-For ${forwarded};`,
    'proxy_set_header X-Real-IP $remote_addr;',
    ...(keepalive > 0 ? ['proxy_http_version 1.1;', 'proxy_set_header Connection "";'] : []),
  ]
}

/** As Debian ships them. */
function overUwsgi(): string[] {
  return ['include /etc/nginx/uwsgi_params;', 'uwsgi_pass app;']
}
