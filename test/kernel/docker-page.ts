/** The page on Docker, Podman and Kubernetes as a reader follows it, up to the containers themselves. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { blocksOf } from '../support/markdown.js'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, USER, VICTIM } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { bridgedPassIptables, docker, IN_DOCKER, pod, publish } from './lab/containers.js'
import { createMachine, hasOwnBridgeSettings, type Machine, OUTSIDE } from './lab/machine.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import { isFromApp } from './lab/request.js'
import { uwsgiArguments } from './lab/uwsgi.js'

const PAGE = 'share/front-ends/docker.md'
const NEEDS = ['nginx', ...APP, ...BPF, ...PACKET_FILTER]
const LOG = '/var/log/uwsgi/app.log'

/** The blocks of a language, in a section. */
const texts = (language: string, section: string) =>
  blocksOf(PAGE)
    .filter(block => block.language === language && block.section === section)
    .map(({ text }) => text.trim())

/** Starts the page's app and front end in their containers. @returns the log */
async function start(machine: Machine, app: string): Promise<string> {
  const [configuration = ''] = texts('nginx', 'Compose')
  const [ini = ''] = texts('ini', 'Compose')
  const log = join(machine.folder, 'app.log')
  await machine.serve('app', uwsgiArguments({ ini }, log), 3031)
  // which Docker's resolver does
  await machine.configured('front', configuration.replace('http://app:', `http://${app}:`), 80)
  return log
}

const [BY_BPF = '', BY_RULES = ''] = texts('sh', 'Compose')
const [DAEMON_SET = ''] = texts('yaml', 'Kubernetes')
const [, IN_POD = ''] = /command: \[sh, -c, "([^"]*)"\]/.exec(DAEMON_SET) ?? []

t.test('the page has its commands', async t => {
  for (const command of [BY_BPF, BY_RULES, IN_POD]) t.match(command, /^tail -F .* \| xff-ban --port 3031/)
  t.match(DAEMON_SET, 'hostNetwork: true')
})

for (const [name, line, says] of [
  ['the kernel program', BY_BPF, 'bans by bpf'],
  ['iptables', BY_RULES, 'bans by iptables'],
] as const) {
  kernelTest(`Compose, with ${name}`, NEEDS, async t => {
    const machine = await createMachine(t)
    await docker(machine, 'app', 'front')
    if (hasOwnBridgeSettings()) await bridgedPassIptables(machine, true)
    await publish(machine, 80, `${IN_DOCKER.front}:80`)
    await holds(t, machine, await start(machine, IN_DOCKER.app), line, says)
  })
}

kernelTest('Kubernetes, a DaemonSet', NEEDS, async t => {
  const machine = await createMachine(t)
  await pod(machine, 'front', '10.244.0.3')
  await pod(machine, 'app', '10.244.0.2')
  await machine.rules('host', 'nat', '-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.244.0.3:80')
  await holds(t, machine, await start(machine, '10.244.0.2'), IN_POD, 'bans by bpf')
})

/** Runs a pipeline of the page, and attacks until it bans. */
async function holds(t: Test, machine: Machine, log: string, line: string, says: string): Promise<void> {
  const { request, folder } = machine
  const pipeline = machine.pipeline(`${line.replace(LOG, log)} --state ${folder}/journal`)
  await waitFor('xff-ban', () => pipeline.written().stderr.includes(says))
  for (let failures = 0; failures < 10; failures++)
    await request({ from: ATTACKER, to: OUTSIDE, path: '/404', headers: { 'X-Forwarded-For': VICTIM } })
  await waitFor('the ban', () => pipeline.records().length === 1)
  t.notOk(isFromApp(await request({ from: ATTACKER, to: OUTSIDE })), 'refused')
  const answer = await request({ from: USER, to: OUTSIDE, headers: { 'X-Forwarded-For': ATTACKER } })
  t.ok(isFromApp(answer), 'a user who names the banned is served', { answer })
  t.match(pipeline.records(), [{ type: 'ban', ip: ATTACKER }])
  t.notMatch(readFileSync(log, 'latin1'), VICTIM, 'what a client sends does not get into the log')
}
