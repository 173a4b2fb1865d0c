import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import {
  banValue,
  COUNTERS_SIZE,
  jailKey,
  type Policy,
  portKey,
  portValue,
  rangeKey,
  readBan,
  TRUSTED,
} from '../../../lib/xff-ban/backend/bpf/contract.js'
import '../../support/apart.js'

/** What a test of the kernel program needs. */
export const BPF = ['bpftool', 'tc', 'bpf', 'dist/xff-ban.bpf.o']
export const OBJECT = resolve('dist/xff-ban.bpf.o')
/** The same, but that it takes 64 bytes of a segment at a time instead of 4,096. */
export const SMALL_BITES = resolve('build/xff-ban-small-bites.bpf.o')

const BPFFS = '/sys/fs/bpf'

/** What becomes of a segment (TC_ACT_UNSPEC, TC_ACT_SHOT, TC_ACT_REDIRECT). */
export const [PASS, DROP, REDIRECT] = [-1, 2, 7]
/** What came of it: `enum verdict` of scratch.h. */
export const [NONE, UNATTRIBUTED, CLIENT, BANNED] = [0, 1, 2, 3]

export interface Outcome {
  action: number
  verdict: number
  /** hex of 16 bytes; what it holds while the verdict is NONE or UNATTRIBUTED means nothing */
  client: string
  /** the segment as it goes on */
  bytes: Buffer
}

export interface Port extends Policy {
  port: number
  jail: number
}

/** The kernel program, loaded, to be fed with segments one by one (BPF_PROG_TEST_RUN): no network takes part. */
export interface Loaded {
  segments: (frames: readonly Buffer[]) => Promise<Outcome[]>
  police: (port: Port) => Promise<unknown>
  trust: (jail: number, range: string) => Promise<unknown>
  /** @param text the value of a row of `texts` */
  text: (jail: number, text: Buffer) => Promise<unknown>
  /** @param until nanoseconds since boot; for ever unless said */
  ban: (jail: number, range: string, until?: bigint) => Promise<unknown>
  hits: (jail: number, range: string) => Promise<{ hits: bigint; last: bigint }>
  /** Makes the kernel account for the program. @returns the nanoseconds spent in it so far, and its runs */
  statistics: () => Promise<() => { time: number; runs: number }>
}

const FOREVER = 1n << 62n

/** Loads the program; it ends with the test. */
export async function load(t: Pick<Test, 'teardown'>, object = OBJECT): Promise<Loaded> {
  const pins = mkdtempSync(join(BPFFS, 'test-'))
  t.teardown(() => rmSync(pins, { recursive: true, force: true }))
  const [programs, maps] = [join(pins, 'programs'), join(pins, 'maps')]
  execFileSync('bpftool', ['prog', 'loadall', object, programs, 'pinmaps', maps])
  const { order, batch, end } = startRunner(join(programs, 'xff_ban_ether'), maps)
  t.teardown(end)

  const update = (table: string, key: Buffer, value: Buffer) =>
    order(`update ${table} ${key.toString('hex')} ${value.toString('hex')}`)

  return {
    async segments(frames) {
      batch(frames.length)
      const lines = await Promise.all(frames.map(frame => order(`packet ${frame.toString('hex')}`)))
      return lines.map(line => {
        const [action, verdict, client = '', bytes = ''] = line.split(' ')
        return { action: Number(action), verdict: Number(verdict), client, bytes: Buffer.from(bytes, 'hex') }
      })
    },
    police: async ({ port, jail, ...policy }) => {
      await update('ports', portKey(port), portValue(jail, policy))
      await update('stats', portKey(port), Buffer.alloc(COUNTERS_SIZE))
    },
    text: (jail, text) => update('texts', jailKey(jail), text),
    trust: (jail, range) => update('trust', rangeKey(jail, range), TRUSTED),
    ban(jail, range, until = FOREVER) {
      const key = rangeKey(jail, range)
      return update('bans', key, banValue(key, { until, hits: 0n, last: 0n }))
    },
    hits: async (jail, range) =>
      readBan(Buffer.from(await order(`get bans ${rangeKey(jail, range).toString('hex')} 32`), 'hex')),
    async statistics() {
      await order('statistics')
      const show = ['-j', 'prog', 'show', 'pinned', join(programs, 'xff_ban_ether')]
      return () => {
        const { run_time_ns: time = 0, run_cnt: runs = 0 } = JSON.parse(String(execFileSync('bpftool', show)))
        return { time, runs }
      }
    },
  }
}

/** Starts the one process that talks with the kernel; it takes one order after the other. */
function startRunner(program: string, maps: string) {
  const scratch = execFileSync('bpftool', ['-j', 'map', 'show', 'pinned', join(maps, 'scratch')]).toString()
  const runner = [resolve('test/kernel/bpf/run.pl'), program, maps, String(JSON.parse(scratch).bytes_value)]
  const child: ChildProcessWithoutNullStreams = spawn('unshare', ['--net', 'perl', ...runner])
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = []
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    complaint += text
  })
  child.stdin.setDefaultEncoding('latin1').on('error', () => {}) // told by its end
  createInterface(child.stdout).on('line', line => waiting.shift()?.resolve(line))
  child.once('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the runner ended: ${complaint}`))
  })
  return {
    order: (line: string): Promise<string> => {
      child.stdin.write(`${line}\n`)
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    batch: (count: number) => void child.stdin.write(`batch ${count}\n`),
    end: async () => {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'close')
    },
  }
}
