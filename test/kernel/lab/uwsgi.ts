import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Patience, waitFor } from '../../support/wait-for.js'
import { ADDRESSES, type Endpoint } from './network.js'
import type { Program } from './program.js'

export interface UwsgiOptions {
  /** the port of `http-socket` */
  http?: number
  /** the port of `socket`, where the uwsgi protocol is spoken */
  socket?: number
  /** the family in which it listens */
  over?: 'v4' | 'v6'
  /** `log-x-forwarded-for` */
  forwarded?: boolean
  /** `log-format` */
  format?: string
  workers?: number
  /** the listen queue; uWSGI's default is 100 */
  listen?: number
  /** further options as in an ini file, in order: `[['route-if', '…']]` */
  more?: readonly (readonly [string, string])[]
  /** the text of an ini file that says all of the above itself, but for where it logs to */
  ini?: string
}

export interface Uwsgi {
  program: Program
  http: Endpoint
  socket: Endpoint
  /** the file with its log */
  log: string
  /** Waits until that many lines of the log hold a text, and returns them. */
  lines: (text: string, count: number, patience?: Patience) => Promise<string[]>
}

/** The arguments of a real uWSGI with the tests' app, logging to a file. */
export function uwsgiArguments(options: UwsgiOptions, log: string): string[] {
  const {
    http,
    socket,
    forwarded = true,
    format,
    workers = 2,
    listen = 100,
    over = 'v4',
    more = [],
    ini,
  } = options
  const at = (port: number) =>
    over === 'v4' ? `${ADDRESSES.app.v4}:${port}` : `[${ADDRESSES.app.v6}]:${port}`
  const app = resolve('test/kernel/lab/app.py')
  const always = [
    ...['uwsgi', '--plugin', 'python3', '--master', '--die-on-term', '--need-app', '--wsgi-file', app],
    ...['--buffer-size', '32768'],
  ]
  if (ini !== undefined) {
    writeFileSync(log, '') // which a req-logger would make with its first line
    writeFileSync(`${log}.ini`, ini.replace(/^(req-logger = file:).*/m, `$1${log}`))
    return [...always, '--ini', `${log}.ini`]
  }
  return [
    ...always,
    ...['--workers', String(workers), '--listen', String(listen), '--logto', log],
    ...(http === undefined ? [] : ['--http-socket', at(http)]),
    ...(socket === undefined ? [] : ['--socket', at(socket)]),
    ...(forwarded ? ['--log-x-forwarded-for'] : []),
    ...(format === undefined ? [] : ['--log-format', format]),
    ...more.flatMap(([name, value]) => [`--${name}`, value]),
  ]
}

/** What a running uWSGI offers. */
export function uwsgiOf(program: Program, { http = 0, socket = 0 }: UwsgiOptions, log: string): Uwsgi {
  return {
    program,
    http: { ...ADDRESSES.app, port: http },
    socket: { ...ADDRESSES.app, port: socket },
    log,
    lines: (text, count, patience) =>
      waitFor(
        `${count} lines with ${JSON.stringify(text)} in ${log}`,
        () => {
          // the last piece is a line yet to be ended
          const lines = readFileSync(log, 'latin1').split('\n').slice(0, -1)
          const matching = lines.filter(line => line.includes(text))
          return matching.length >= count && matching
        },
        patience,
      ),
  }
}
