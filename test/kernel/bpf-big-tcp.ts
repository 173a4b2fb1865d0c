/**
 * BIG TCP: segments that are longer than the length field of their IP header can say, as links between namespaces carry
 * them where they are let. What is in them is read, and what comes behind them on a kept connection.
 */
import { resolve } from 'node:path'
import t from 'tap'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { banAndLeave } from './lab/attack.js'
import { createLab } from './lab/lab.js'
import { APP, isThere, kernelTest } from './lab/needs.js'
import { ADDRESSES } from './lab/network.js'

const PORT = 3033
/** What links carry at the most, and what is more than a length of 16 bits can say, in bytes. */
const LINK_SIZE = '185000'
const MAX_LENGTH = 65_535
const BODY = '3000000'

const script = (name: string) => resolve('test/kernel/bpf', name)

for (const family of ['v4', 'v6'] as const) {
  const name = `BIG TCP over IP${family}`
  if (!isThere(`BIG TCP over ${family}`)) {
    t.test(name, { skip: 'this kernel has no such links' }, () => {})
    continue
  }
  kernelTest(name, ['perl', ...APP, ...BPF], async t => {
    const lab = await createLab(t)
    const address = ADDRESSES.app[family]
    const listener = `${family === 'v6' ? `[${address}]` : address}:${PORT}`
    await lab.uwsgi({ more: [['http11-socket', listener]], workers: 4 })
    const widen = ['perl', script('link-sizes.pl'), family, LINK_SIZE] as const
    await lab.command([...widen, 'net'], { at: 'inner' })
    await lab.command([...widen, 'inner', 'switch', 'app'], { at: 'edge' })
    await banAndLeave({ lab }, `--port ${PORT} --packets bpf`, [ATTACKER])
    const sizes = lab.pipeline(`exec perl ${script('largest.pl')} net`)
    await waitFor('what looks at sizes', () => sizes.written().stdout.startsWith('ready\n'))

    const clients = [USER, USER, USER, ATTACKER]
    const posts = ['perl', script('posts.pl'), address, String(PORT), BODY, ...clients] as const
    const answers = await lab.command(posts, { at: 'inner' })
    t.same(answers.trim().split('\n'), ['200', '200', '200', '403'], 'long bodies, on one connection')
    const largest = Number(sizes.written().stdout.trim().split('\n').at(-1))
    t.ok(largest > MAX_LENGTH + 14, `the longest frame had ${largest} bytes`)
  })
}
