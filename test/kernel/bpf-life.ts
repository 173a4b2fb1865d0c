/** How the kernel program comes, stays and goes: restarts, versions, several names, devices, damage, and no trace. */
import { appendFileSync, cpSync, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { portOf, readBan } from '../../lib/xff-ban/backend/bpf/contract.js'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6 } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { createPolicedApp, ROOT, state } from './bpf/policed-app.js'
import type { Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'

const NEEDS = ['nginx', ...APP, ...BPF]

kernelTest('a restart keeps bans and hits; flush leaves nothing', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, xffBan, refused, pins } = stage
  const before = await traces(lab)
  await xffBan(`--port 3031 ${state(stage)}`, ATTACKER, ATTACKER6)
  t.same(await refused(), [ATTACKER, ATTACKER6])
  const rows = await bans(lab, pins)
  t.match(rows, [{ hits: 1 }, { hits: 1 }])
  await xffBan(`--port 3031 ${state(stage)}`)
  t.same(await bans(lab, pins), rows, 'the same ends, the same hits')
  t.same(await refused(), [ATTACKER, ATTACKER6])
  t.notSame(await traces(lab), before)
  await xffBan(`--port 3031 --flush ${state(stage)}`)
  t.same(await refused(), [])
  t.same(await traces(lab), before, 'no filter, no qdisc')
  t.notOk(existsSync(pins), 'nothing is pinned')
})

kernelTest('another version takes over without a gap', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, xffBan, refused, pins } = stage
  await xffBan(`--port 3031 ${state(stage)}`, ATTACKER)
  await refused()
  const [old] = objects(pins)
  cpSync('dist', join(lab.folder, 'dist'), { recursive: true })
  appendFileSync(join(lab.folder, 'dist/xff-ban.bpf.o'), '\0')
  let looks = 0
  let done = false
  const gaps: string[][] = []
  const watching = (async () => {
    for (; !done; looks++) {
      const now = await refused()
      if (now.join() !== ATTACKER) gaps.push(now)
    }
  })()
  const command = ['node', join(lab.folder, 'dist/xff-ban.js'), '--packets', 'bpf', '--port', '3031'] as const
  await lab.command([...command, ...state(stage).split(' ')])
  done = true
  await watching
  t.same(gaps, [], `refused in all of ${looks} looks`)
  const [current, ...others] = objects(pins)
  t.not(current, old, 'the program is another one')
  t.same(others, [], 'and the old one has gone')
  const [row] = await bans(lab, pins)
  t.ok((row?.hits as number) > looks, 'hits go on')
})

kernelTest('several names and ports share one program; the last one takes it away', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, xffBan, refused, pins } = stage
  await Promise.all([
    xffBan(`--port 3031 ${state(stage)}`, ATTACKER),
    xffBan(`--port 3041 --port 3042 ${state(stage, 'two')}`, ATTACKER6),
  ])
  t.same(await refused(), [ATTACKER], 'each name has bans of its own')
  t.equal(objects(pins).length, 1)
  await t.rejects(xffBan(`--port 3031 ${state(stage, 'three')}`), {
    message: /xff-ban: --port 3031: --name one bans there/,
  })
  await xffBan(`--port 3042 ${state(stage, 'two')}`)
  const ports = JSON.parse(
    await lab.command(['bpftool', '-j', 'map', 'dump', 'pinned', `${pins}/maps/ports`]),
  )
  const found = ports.map((row: { key: string[] }) => portOf(bytes(row.key)))
  t.same(found.sort(), [3031, 3042], 'a port that is not named any more is left alone')
  await xffBan(`--port 3042 --flush ${state(stage, 'two')}`)
  t.same(await refused(), [ATTACKER])
  await xffBan(`--port 3031 --flush ${state(stage)}`)
  t.notOk(existsSync(pins))
})

kernelTest('a name that nobody runs and that has no bans gives its port away', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, xffBan, refused } = stage
  const one = state(stage)
  const two = `--port 3031 ${state(stage, 'two')}`
  await xffBan(`--port 3031 ${one}`, ATTACKER)
  await t.rejects(xffBan(two), { message: /--name one bans there/ }, 'not with bans')
  await lab.command([
    'sh',
    '-c',
    `echo '{"type":"unban","ip":"${ATTACKER}"}' | xff-ban --packets bpf --port 3031 ${one}`,
  ])
  const running = lab.pipeline(`tail -f /dev/null | xff-ban --packets bpf --port 3031 ${one}`)
  await waitFor('the start', () => running.written().stderr.includes('bans by bpf'))
  await t.rejects(xffBan(two), { message: /--name one bans there/ }, 'not while somebody runs it')
  await running.kill(['xff-ban'])
  await xffBan(two, ATTACKER6)
  t.same(await refused(), [ATTACKER6])
})

kernelTest('a jail tried by hand keeps no other from its port, once nobody runs it', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, xffBan, refused } = stage
  const byHand = `--port 3031 --state ${join(lab.folder, 'by-hand')}`
  const service = `--port 3031 ${state(stage, 'shop')}`
  const running = lab.pipeline(
    `(echo '{"type":"ban","ip":"${ATTACKER}"}'; exec tail -f /dev/null) | xff-ban --packets bpf ${byHand}`,
  )
  await waitFor('the ban', () => running.records().length === 1)
  await t.rejects(
    xffBan(service),
    { message: /--name xff-ban bans there; xff-ban flush/ },
    'not while it runs',
  )
  await running.kill(['xff-ban'])
  await xffBan(service, ATTACKER6)
  t.same(await refused(), [ATTACKER6])
})

kernelTest('what another version has pinned goes when its program is replaced', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, xffBan, refused, pins } = stage
  await xffBan(`--port 3031 ${state(stage)}`, ATTACKER)
  await xffBan(`--port 3041 ${state(stage, 'two')}`, ATTACKER6)
  const other = join(ROOT, basename(pins).replace(/^v\d+/, 'v1'))
  renameSync(pins, other)
  t.same(await refused(), [ATTACKER], 'its program is at work')
  const running = lab.pipeline(`tail -f /dev/null | xff-ban --packets bpf --port 3031 ${state(stage)}`)
  await waitFor('the start', () => running.written().stderr.includes('bans by bpf'))
  t.same(await refused(), [ATTACKER], 'from the journal')
  t.notOk(existsSync(other), 'nothing is left of it')
  t.match(running.written().stderr, /the bans of --name two were made by another version/)
  await running.kill(['xff-ban'])
  await xffBan(`--port 3041 ${state(stage, 'two')}`)
  t.equal((await bans(lab, pins)).length, 2, 'the other name is back, too')
})

kernelTest('devices that appear are policed at once', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab } = stage
  const pipeline = lab.pipeline(
    `(echo '{"type":"ban","ip":"${ATTACKER}"}'; exec tail -f /dev/null) | xff-ban --port 3031 ${state(stage)}`,
  )
  await waitFor('the ban', () => pipeline.records().length === 1)
  t.ok((await isPoliced(lab, 'lo')) && (await isPoliced(lab, 'net')), 'lo, and the way to the front end')
  await lab.command(['ip', 'link', 'add', 'late', 'type', 'veth', 'peer', 'name', 'later'])
  await waitFor('a new device', () => isPoliced(lab, 'late'))
  await lab.command(['ip', 'tuntap', 'add', 'tunnel', 'mode', 'tun'])
  await waitFor('one without Ethernet headers', () => isPoliced(lab, 'tunnel'))
  t.notMatch(pipeline.written().stderr, /restored|trying/, 'which is no damage')
})

kernelTest('a device made anew by the same name is policed at once', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab } = stage
  const add = 'link add late type veth peer name later\nlink set late up\n'
  await lab.command(['ip', '-batch', '-'], { input: add })
  const options = `--port 3031 --packets bpf --verify 3600 ${state(stage)}`
  const pipeline = lab.pipeline(`tail -f /dev/null | xff-ban ${options}`)
  await waitFor('the start', () => pipeline.written().stderr.includes('bans by bpf'))
  t.ok(await isPoliced(lab, 'late'))
  await lab.command(['ip', '-batch', '-'], { input: `link del late\n${add}` })
  await waitFor('the program on the new device', () => isPoliced(lab, 'late'))
  t.pass('without a check in between')
})

kernelTest('what a network namespace has left that is gone is removed at the next start', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, xffBan } = stage
  const inOther = async (name: string) => {
    const path = `/run/netns/${name}`
    await lab.command(['ip', 'netns', 'add', name])
    t.teardown(() => lab.command(['ip', 'netns', 'delete', name]).catch(() => {}))
    await lab.command([
      'nsenter',
      `--net=${path}`,
      'xff-ban',
      '--packets',
      'bpf',
      '--port',
      '80',
      ...state(stage, name).split(' '),
    ])
    return join(ROOT, `v5-${statSync(path).ino}`)
  }
  const [living, dead] = [await inOther('living'), await inOther('dead')]
  await lab.command(['ip', 'netns', 'delete', 'dead'])
  t.ok(existsSync(dead), 'nobody has looked yet')
  await xffBan(`--port 3031 ${state(stage)}`)
  t.notOk(existsSync(dead))
  t.ok(existsSync(living), 'nobody is in it, and it is mounted')
})

kernelTest('a kernel program that somebody has damaged is repaired', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, refused, pins } = stage
  const options = `--port 3031 --packets bpf --verify 1 ${state(stage)}`
  const pipeline = lab.pipeline(
    `(echo '{"type":"ban","ip":"${ATTACKER}"}'; exec tail -f /dev/null) | xff-ban ${options}`,
  )
  await waitFor('the ban', () => pipeline.records().length === 1)
  const damages: Record<string, readonly [string, ...string[]]> = {
    'the program was gone from net': ['tc', 'qdisc', 'del', 'dev', 'net', 'clsact'],
    '1 ban missing': [
      ...(['bpftool', 'map', 'delete', 'pinned', `${pins}/maps/bans`, 'key', 'hex'] as const),
      ...Object.values(await bans(lab, pins)).flatMap(({ key }) => key),
    ],
    'the program was gone': ['rm', '-r', pins],
  }
  for (const [said, damage] of Object.entries(damages)) {
    await lab.command(damage)
    await waitFor(said, () => pipeline.written().stderr.includes(`${said};`))
    await waitFor(`repair of: ${said}`, async () => (await refused()).join() === ATTACKER)
    t.pass(`${said}: said, and repaired`)
  }
})

kernelTest('whoever is killed while it loads leaves nothing behind for long', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, xffBan, pins } = stage
  const drafts = () =>
    existsSync(ROOT) ? readdirSync(ROOT).filter(name => name.startsWith(`${basename(pins)}-`)) : []
  const loading = lab.pipeline(`true; exec xff-ban --port 3031 --packets bpf ${state(stage)} < /dev/null`)
  await waitFor('a program that is loading', () => drafts().length > 0, { every: 1 })
  process.kill(loading.pid, 'SIGKILL')
  await waitFor('its end', loading.ended)
  t.equal(drafts().length, 1)
  await xffBan(`--port 3031 --flush ${state(stage)}`)
  t.same(drafts(), [])
})

kernelTest('two processes cannot have one name, whatever their journals', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, xffBan, refused } = stage
  const first = lab.pipeline(
    `(echo '{"type":"ban","ip":"${ATTACKER}"}'; exec tail -f /dev/null) | exec xff-ban --port 3031 --packets bpf ${state(stage)}`,
  )
  await waitFor('the ban', () => first.records().length === 1)
  for (const packets of ['bpf', 'iptables']) {
    const other = ['--port', '3031', '--name', 'one', '--state', `${lab.folder}/other`, '--packets', packets]
    await t.rejects(lab.command(['xff-ban', ...other]), {
      message: /--name one: process \d+ has its bans there already/,
    })
  }
  t.same(await refused(), [ATTACKER], 'the bans of the first stand')
  await xffBan(`--port 3041 ${state(stage, 'two')}`)
  await first.kill(['xff-ban'])
  await xffBan(`--port 3031 --name one --state ${lab.folder}/other`, ATTACKER6)
  t.same(await refused(), [ATTACKER6], 'when it is dead, another may take over')
})

kernelTest('two mount namespaces with a bpffs each share one program and its bans', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, refused } = stage
  const own = 'unshare --mount sh -c "umount -l /sys/fs/bpf; mount -t bpf bpf /sys/fs/bpf; exec $0"'
  const start = (name: string, port: number, ip: string) =>
    lab.pipeline(
      `(echo '{"type":"ban","ip":"${ip}"}'; exec tail -f /dev/null) | ` +
        own.replace('$0', `xff-ban --packets bpf --verify 1 --port ${port} ${state(stage, name)}`),
    )
  const one = start('one', 3031, ATTACKER)
  await waitFor('the first ban', () => one.records().length === 1)
  const two = start('two', 3041, ATTACKER6)
  await waitFor('the second ban', () => two.records().length === 1)
  t.same(await refused(), [ATTACKER], 'the first name is still in force')
  const table = ['id', await idOfBans(lab)] as const
  const rows = JSON.parse(await lab.command(['bpftool', '-j', 'map', 'dump', ...table]))
  t.equal(rows.length, 2, 'in one table')
  for (const { key } of rows) await lab.command(['bpftool', 'map', 'delete', ...table, 'key', ...key])
  for (const { written } of [one, two])
    await waitFor('a check of each', () => written().stderr.includes('1 ban missing;'))
  t.notMatch(one.written().stderr + two.written().stderr, /the program was gone/)
  await two.kill(['xff-ban'])
  const flush = `xff-ban --packets bpf --flush --port 3041 ${state(stage, 'two')}`
  await lab.command(['sh', '-c', own.replace('$0', flush)])
  t.same(await refused(), [ATTACKER], 'a flush in one does not take away what the other needs')
})

kernelTest('the kernel program is attached only to the devices that are named', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { xffBan, refused } = stage
  await xffBan(`--port 3031 --dev lo ${state(stage)}`, ATTACKER)
  t.same(await refused(), [], 'another device than the one that is policed')
  await xffBan(`--port 3031 --dev net ${state(stage)}`, ATTACKER)
  t.same(await refused(), [ATTACKER])
  await t.rejects(xffBan(`--port 3031 --dev nix ${state(stage)}`), {
    message: /xff-ban: --dev nix: there is no such device/,
  })
})

kernelTest(
  'iptables where the program cannot be had, until it can',
  [...NEEDS, ...PACKET_FILTER],
  async t => {
    const stage = await createPolicedApp(t)
    const { lab, pins } = stage
    const dist = join(lab.folder, 'dist')
    cpSync('dist', dist, { recursive: true })
    rmSync(join(dist, 'xff-ban.bpf.o'))
    const run = (...options: string[]) => {
      const pipeline = lab.pipeline(
        `node ${dist}/xff-ban.js --port 3031 ${options.join(' ')} ${state(stage)} < /dev/null`,
      )
      return waitFor('its end', () => pipeline.ended() && pipeline.written().stderr)
    }
    const chains = async () => (await lab.command(['iptables-save'])).includes('-j one')
    const missing = /xff-ban\.bpf\.o is missing \(make dist puts it there\)/
    t.match(await run(), new RegExp(`bans by iptables: bpf cannot be had: .*${missing.source}`))
    t.ok(await chains(), 'a chain bans')
    t.notOk(existsSync(pins))
    t.match(await run('--uwsgi', 'REMOTE_ADDR'), missing, 'iptables does not understand --uwsgi')
    cpSync('dist/xff-ban.bpf.o', join(dist, 'xff-ban.bpf.o'))
    t.match(await run(), /bans by bpf: the kernel takes the program/)
    t.notOk(await chains(), 'the chain has gone')
    t.ok(existsSync(pins))
    await run('--flush')
    t.notOk(existsSync(pins))
  },
)

async function isPoliced(lab: Lab, device: string): Promise<boolean> {
  return (await lab.command(['tc', 'filter', 'show', 'dev', device, 'ingress'])).includes('xff_ban_')
}

/** The kernel's number of the table of bans of the program that is attached. */
async function idOfBans(lab: Lab): Promise<string> {
  const [filter] = JSON.parse(
    await lab.command(['tc', '-j', 'filter', 'show', 'dev', 'net', 'ingress']),
  ).slice(1)
  const program = ['prog', 'show', 'id', String(filter.options.prog.id)]
  const { map_ids } = JSON.parse(await lab.command(['bpftool', '-j', ...(program as ['prog', ...string[]])]))
  const maps = JSON.parse(await lab.command(['bpftool', '-j', 'map', 'show']))
  const bans = maps.find(
    ({ id, name }: { id: number; name: string }) => name === 'bans' && map_ids.includes(id),
  )
  return String(bans.id)
}

/** What an xff-ban may leave on the devices. */
async function traces(lab: Lab): Promise<string> {
  return await lab.command(['tc', 'qdisc', 'show'])
}

function objects(pins: string): string[] {
  return readdirSync(pins).filter(name => name.startsWith('object-'))
}

interface BanRow {
  until: number
  hits: number
  key: string[]
}

async function bans(lab: Lab, pins: string): Promise<BanRow[]> {
  const rows = JSON.parse(await lab.command(['bpftool', '-j', 'map', 'dump', 'pinned', `${pins}/maps/bans`]))
  return rows.map(({ key, value }: { key: string[]; value: string[] }) => {
    const { until, hits } = readBan(bytes(value))
    return { until: Number(until), hits: Number(hits), key: key.map(byte => byte.slice(2)) }
  })
}

/** `["0x01", …]`, as bpftool writes bytes. */
function bytes(shown: readonly string[]): Buffer {
  return Buffer.from(shown.map(Number))
}
