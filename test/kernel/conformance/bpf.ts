import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { bpfBackend } from '../../../lib/xff-ban/backend/bpf.js'
import { bundle } from '../../support/commands.js'
import { shortTempDir } from '../../support/temp-dir.js'
import { ATTACKER, SECOND_ATTACKER } from '../addresses.js'
import { BPF, OBJECT } from '../bpf/loaded.js'
import { PACKET_FILTER } from '../lab/needs.js'
import { refusedBehind, type Subject, serve } from './enforcement-point.js'
import { emptyTables } from './iptables.js'

/** A program in the kernel that answers the banned. */
export const bpf: Subject = {
  name: 'bpf',
  needs: [...BPF, ...PACKET_FILTER],
  lacks: { 'restarts with its bans': 'the maps of the kernel are lost with a reboot' },
  async build(t) {
    const port = await serve(t)
    emptyTables(t)
    const backend = (name: string, trust: readonly string[] = ['127.0.0.0/8']) =>
      bpfBackend({
        ...{ name, ports: [port], trust, devices: ['lo'], object: OBJECT, now: Date.now, warn() {} },
        ...{ protocol: 'http', field: 'X-Forwarded-For', hops: 0, answer: '403' },
        translations: async () => ({ targets: [], aliases: [] }),
      })
    const pins = `/sys/fs/bpf/xff-ban/v5-${statSync('/proc/self/ns/net').ino}`
    const start = () => backend('xff-ban')
    t.teardown(() => start().flush())
    const tc = (...args: string[]) => execa('tc', args)
    return {
      start,
      options: ['--port', String(port), '--packets', 'bpf', '--trust', '127.0.0.0/8', '--private'],
      refused: refusedBehind(port),
      async theirs(ip) {
        const pattern = ['-m', 'string', '--algo', 'kmp', '--string', `X-Forwarded-For: ${ip}`]
        const reset = ['-j', 'REJECT', '--reject-with', 'tcp-reset']
        await execa('iptables', ['-A', 'INPUT', '-p', 'tcp', ...pattern, ...reset])
      },
      damages: {
        'the filter deleted': async () =>
          void (await tc('filter', 'del', 'dev', 'lo', 'ingress', 'pref', '49152')),
        'the qdisc deleted': async () => void (await tc('qdisc', 'del', 'dev', 'lo', 'clsact')),
        'the pins removed': async () => rmSync(pins, { recursive: true }),
        'the port forgotten': async () => {
          const key = [port & 255, port >> 8, 0, 0].map(String)
          await execa('bpftool', ['map', 'delete', 'pinned', `${pins}/maps/ports`, 'key', ...key])
        },
      },
      async goAway() {
        await tc('qdisc', 'del', 'dev', 'lo', 'clsact')
        rmSync(pins, { recursive: true })
        return async () => {}
      },
      traces: async () => [
        (await tc('qdisc', 'show', 'dev', 'lo')).stdout,
        (await tc('filter', 'show', 'dev', 'lo', 'ingress')).stdout,
        existsSync(pins),
        readFileSync('/proc/self/mountinfo', 'utf8').includes(' /sys/fs/bpf '),
      ],
    }
  },
  own: {
    async 'what is allowed while it runs is left out of a banned prefix until that ends'(t) {
      const place = await bpf.build(t)
      const child = execa(
        process.execPath,
        [bundle('xff-ban'), ...place.options, '--state', `${shortTempDir(t)}/journal`],
        { reject: false },
      )
      t.teardown(() => child.kill('SIGKILL'))
      const told = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const tell = async (records: readonly object[], answers = records.length) => {
        for (const record of records) child.stdin.write(`${JSON.stringify(record)}\n`)
        for (let i = 0; i < answers; i++) await told.next()
      }
      const [inside, beside] = ['203.0.113.9', SECOND_ATTACKER]
      const refused = () => place.refused([beside, inside, ATTACKER])
      await tell([
        { type: 'ban', ip: '203.0.113.0/24' },
        { type: 'ban', ip: inside },
        { type: 'ban', ip: ATTACKER },
      ])
      t.same(await refused(), [beside, inside, ATTACKER])
      // the end of its own ban is told, too
      await tell([{ type: 'allow', ip: inside }], 2)
      t.same(await refused(), [beside, ATTACKER], 'a hole in the prefix')
      await tell([{ type: 'unban', ip: ATTACKER, until: new Date(Date.now() + 600_000).toISOString() }])
      t.same(await refused(), [beside])
      await tell([{ type: 'unban', ip: '203.0.113.0/24' }])
      t.same(await refused(), [], 'no hole without a ban around it')
      await tell([{ type: 'ban', ip: '203.0.113.0/24' }])
      t.same(await refused(), [beside], 'and one in the next ban')
      await tell([{ type: 'disallow', ip: inside }])
      t.same(await refused(), [beside, inside], 'filled when it is no longer allowed')
      await tell([{ type: 'allow', ip: '203.0.113.8/31' }])
      t.same(await refused(), [], 'a hole that is a prefix')
      child.stdin.end()
      t.match(await child, { exitCode: 0 })
    },

    async 'another --packets takes away what the one before has left'(t) {
      const place = await bpf.build(t)
      const state = `${shortTempDir(t)}/journal`
      const port = place.options[1] ?? ''
      const run = (packets: string, subcommand: readonly string[], input = '') => {
        const trust = packets === 'bpf' ? ['--trust', '127.0.0.0/8'] : []
        const options = ['--port', port, '--packets', packets, ...trust, '--state', state]
        return execa(process.execPath, [bundle('xff-ban'), ...subcommand, ...options], { input })
      }
      for (const [before, after] of [
        ['bpf', 'iptables'],
        ['iptables', 'bpf'],
      ] as const) {
        await run(before, [], `{"type":"ban","ip":"${ATTACKER}"}\n`)
        t.same(await place.refused([ATTACKER, SECOND_ATTACKER]), [ATTACKER], `banned by ${before}`)
        await run(after, [])
        t.same(await place.refused([ATTACKER, SECOND_ATTACKER]), [ATTACKER], `then by ${after}`)
        const { stdout } = await run(after, ['unban', ATTACKER])
        t.match(stdout, '"type":"unban"')
        t.same(await place.refused([ATTACKER, SECOND_ATTACKER]), [], 'an unban ends it')
      }
    },
  },
}
