/**
 * What a stranger can send to the app's host from a network that the firewall closes: nobody answers it, it tells nobody
 * who is banned, and the connections of the front end are as if it had not come.
 */
import { resolve } from 'node:path'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, USER, VICTIM } from './addresses.js'
import { ACK, type Flow, frame, PSH, parse, SYN } from './bpf/frame.js'
import { BPF } from './bpf/loaded.js'
import { banAndLeave } from './lab/attack.js'
import { createLab, type Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'

const PORT = 3033
/** Where nobody listens, and nothing is closed either: an answer tells that all before it has been dealt with. */
const OPEN_PORT = 9
const STRANGER = [203, 0, 113, 66]
const EDGE = [10, 77, 0, 1]
const request = (client: string) => `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${client}\r\n\r\n`

kernelTest(
  'forged packets to a closed port change nothing, and nobody answers them',
  ['perl', 'nginx', ...APP, ...BPF, ...PACKET_FILTER],
  async t => {
    const lab = await createLab(t)
    await lab.uwsgi({ more: [['http11-socket', `0.0.0.0:${PORT}`]], workers: 8 })
    const front = await lab.nginx({ to: [{ v4: '10.77.0.2', v6: 'fd77::2', port: PORT }], keepalive: 8 })
    const stranger = await addStranger(lab)
    await banAndLeave({ lab }, `--port ${PORT} --packets bpf`, [ATTACKER])

    const asked = { source: STRANGER, destination: [203, 0, 113, 2], sourcePort: 5555 }
    const answers = await stranger([
      { ...asked, seq: 1000, ack: 7777, flags: ACK | PSH, text: request(ATTACKER) },
      { ...asked, seq: 999, ack: 0, flags: SYN, text: '' },
      { ...asked, seq: 1000, ack: 7777, flags: ACK | PSH, text: request(ATTACKER) },
      { ...asked, seq: 1000, ack: 7777, flags: ACK | PSH, text: request(VICTIM) },
    ])
    t.same(answers, [], 'nobody tells a stranger who is banned')

    const from = USER
    t.equal((await lab.request({ from, to: front })).status, 200)
    const kept = await connections(lab)
    t.ok(kept.length > 0, 'the front end keeps a connection')
    const starts = [0, 0x40000000, 0x80000000, 0xc0000000]
    const forged = kept.flatMap(sourcePort =>
      starts
        .flatMap(seq => [
          ...[ATTACKER, VICTIM].map(client => ({
            seq,
            ack: 67_890,
            flags: ACK | PSH,
            text: request(client),
          })),
          { seq, ack: 0, flags: SYN, text: '' },
          { seq: seq + 1, ack: 67_890, flags: ACK | PSH, text: 'G' },
        ])
        .map(segment => ({ source: EDGE, destination: [10, 77, 0, 2], sourcePort, ...segment })),
    )
    t.same(await stranger(forged), [], 'nor is what bears the address of the front end answered')
    t.equal((await lab.request({ from, to: front })).status, 200, 'a neighbour is served')
    t.same(await connections(lab), kept, 'on the very same connection')
    t.equal((await lab.request({ from: ATTACKER, to: front })).status, 403, 'which is not unread either')
    t.equal((await lab.request({ from, to: front })).status, 200)
  },
)

interface Forged {
  source: readonly number[]
  destination: readonly number[]
  sourcePort: number
  seq: number
  ack: number
  flags: number
  text: string
}

/**
 * Links a stranger to the app's host, whose firewall drops what he sends to the port.
 * @returns what sends his segments, and tells what the port has answered when all of them have been dealt with
 */
async function addStranger(lab: Lab): Promise<(segments: readonly Forged[]) => Promise<unknown[]>> {
  const namespace = (await lab.command(['sh', '-c', 'ip netns identify $$'], { at: 'inner' })).trim()
  const links = [`link add wan type veth peer name out netns ${namespace}`, 'link set wan up']
  await lab.command(['ip', '-batch', '-'], {
    input: `${links.join('\n')}\naddress add 203.0.113.2/24 dev wan\n`,
  })
  const own = ['link set out up', `address add ${STRANGER.join('.')}/24 dev out`]
  await lab.command(['ip', '-batch', '-'], { at: 'inner', input: `${own.join('\n')}\n` })
  await lab.command([
    'sh',
    '-c',
    'for name in all wan; do echo 1 > /proc/sys/net/ipv4/conf/$name/rp_filter; done',
  ])
  const drop = ['-A', 'INPUT', '-i', 'wan', '-p', 'tcp', '--dport', String(PORT), '-j', 'DROP']
  await lab.command(['iptables', ...drop])
  const [{ address }] = JSON.parse(await lab.command(['ip', '-j', 'link', 'show', 'wan']))
  const mac = address.replaceAll(':', '')
  const forge = lab.pipeline(`exec perl ${resolve('test/kernel/bpf/forge.pl')} out`, { at: 'inner' })
  await waitFor('the sender', () => forge.written().stdout.startsWith('ready\n'))
  let fences = 0
  return async segments => {
    const before = forge.written().stdout.length
    const fence = { source: STRANGER, destination: [203, 0, 113, 2], sourcePort: 40_000 + ++fences }
    const all = [...segments, { ...fence, seq: 1, ack: 0, flags: SYN, text: '' }]
    const frames = all.map(({ source, destination, sourcePort, seq, ack, flags, text }, i) => {
      const flow: Flow = {
        ...{ source: Buffer.from(source), destination: Buffer.from(destination), sourcePort, mac },
        ...{ destinationPort: i === segments.length ? OPEN_PORT : PORT, timestamps: false },
      }
      return frame(flow, { seq: seq >>> 0, ack, flags, payload: Buffer.from(text, 'latin1') }).toString('hex')
    })
    forge.stdin.write(`${frames.join('\n')}\n`)
    const answers = () =>
      forge
        .written()
        .stdout.slice(before)
        .split('\n')
        .slice(0, -1)
        .map(line => Buffer.from(line, 'hex'))
        // IPv4 and TCP
        .filter(bytes => bytes.readUInt16BE(12) === 0x0800 && bytes[23] === 6)
        .map(parse)
    await waitFor('an answer to the last', () => answers().some(({ sourcePort }) => sourcePort === OPEN_PORT))
    return answers().filter(({ sourcePort }) => sourcePort === PORT)
  }
}

/** The source ports of the connections that the front end keeps. */
async function connections(lab: Lab): Promise<number[]> {
  const listing = await lab.command(['ss', '-Htn', 'state', 'established', 'dport', '=', `:${PORT}`], {
    at: 'edge',
  })
  return listing
    .split('\n')
    .flatMap(line => /\S+:(\d+)\s+\S+:\d+\s*$/.exec(line)?.[1] ?? [])
    .map(Number)
    .sort()
}
