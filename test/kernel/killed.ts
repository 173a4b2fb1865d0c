/** Whoever is killed leaves nothing behind: no process, no network, no mount, no pin, no folder, no control group. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import '../support/cgroup.js'
import { APART } from '../support/marks.js'
import { waitFor } from '../support/wait-for.js'
import { BPF } from './bpf/loaded.js'
import { APP, kernelTest } from './lab/needs.js'

const HELD = fileURLToPath(new URL('lab/held.js', import.meta.url))

/** Who gets which signal: the holder himself, or the shell that started him. */
const DEATHS = {
  'by SIGKILL': ['node', 'SIGKILL'],
  'by SIGTERM, as by a time limit': ['node', 'SIGTERM'],
  'with whoever started him': ['bash', 'SIGKILL'],
} as const

for (const [how, [victim, signal]] of Object.entries(DEATHS)) {
  kernelTest(
    `nothing is left of a holder who dies ${how}`,
    ['nginx', 'systemd-analyze', ...APP, ...BPF],
    async t => {
      const groups = mkdtempSync(join(tmpdir(), 'cgroup-'))
      await execa('mount', ['-t', 'cgroup2', 'cgroup2', groups])
      const before = traces()
      const env = { ...process.env, NODE_OPTIONS: '', [APART]: undefined }
      const shell = spawn('bash', ['-c', '"$@"; exit', 'bash', process.execPath, HELD], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      t.teardown(() => shell.kill('SIGKILL'))
      const [line] = await once(createInterface(shell.stdout), 'line')
      const { status, group } = JSON.parse(line)
      t.equal(status, 403, 'all of it works')
      const processes = descendants(shell.pid as number)
      const programs = new Set(processes.map(({ name }) => name))
      for (const name of ['uwsgi', 'nginx', 'perl', 'sleep', 'systemd'])
        t.ok(programs.has(name), `${name} runs`)
      t.ok(existsSync(groups + group), 'there is a control group')
      const networks = await watchNetworks(processes.map(({ pid }) => pid))
      // of the test's own, of four hosts, of what feeds the kernel program, and systemd's
      t.equal(networks.length, 7, 'there are networks')

      const dead = processes.find(({ name }) => name === victim)
      process.kill(dead?.pid as number, signal)
      await waitFor('the end of all processes', () => {
        const left = processes.filter(isRunning)
        if (left.length === 0) return true
        throw new Error(`there is ${left.map(({ pid, name }) => `${name} (${pid})`)}`)
      })
      await waitFor('the end of all networks', async () => {
        const { stdout } = await execa('ip', ['-o', 'link'])
        return !networks.some(name => stdout.includes(`${name}@`))
      })
      t.notOk(existsSync(groups + group), 'no control group')
      t.same(traces(), before, 'no file, no mount')
      await execa('umount', [groups])
    },
  )
}

/** Where something may be left: this test's own places, in which nobody else makes anything. */
const PLACES = [tmpdir(), '/run', '/run/netns', '/run/xff-ban', '/sys/fs/bpf', '.tap/fixtures']

function traces() {
  return {
    files: PLACES.filter(existsSync).flatMap(place => readdirSync(place).map(name => join(place, name))),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').sort(),
  }
}

interface Process {
  pid: number
  name: string
  /** tells it from a later one with its pid */
  began: string
}

function look(pid: number): Process | undefined {
  try {
    // pid (name) state ppid ... starttime, the 22nd
    const [, name = '', rest = ''] =
      /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return { pid, name, began: rest.split(' ')[19] ?? '' }
  } catch {
    return undefined
  }
}

function isRunning({ pid, began }: Process): boolean {
  return look(pid)?.began === began
}

/** A process and all below it, in whatever namespace. */
function descendants(pid: number): Process[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  return [look(pid) ?? [], ...children.map(child => descendants(Number(child)))].flat()
}

/**
 * Lays a cable into each network of these processes: it ends with the network, whatever had held that.
 * @returns the names of our ends
 */
async function watchNetworks(pids: readonly number[]): Promise<string[]> {
  const byNetwork = new Map(pids.map(pid => [readlinkSync(`/proc/${pid}/ns/net`), pid]))
  byNetwork.delete(readlinkSync('/proc/self/ns/net'))
  return Promise.all(
    [...byNetwork.values()].map(async (pid, i) => {
      const name = `watch${i}`
      await execa('ip', [
        'link',
        'add',
        name,
        'type',
        'veth',
        'peer',
        'name',
        'watched',
        'netns',
        String(pid),
      ])
      return name
    }),
  )
}
