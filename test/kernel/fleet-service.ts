/** The services of a fleet: an app host that reports, a counter, and a host that bans, on one booted machine with a broker. */
import t from 'tap'
import { bootInstalled, type Inside } from '../support/booted.js'
import { failure } from '../support/failure.js'
import { missing } from '../support/programs.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

const skip =
  missing('systemd-analyze', 'nats-server', 'setpriv') ||
  (process.getuid?.() !== 0 && 'only root boots a systemd')
const timeout = 5 * LIMIT
const LOG = '/var/log/uwsgi/app/shop.log'
const SERVER = '--server nats://127.0.0.1'

const put = (inside: Inside, file: string, text: string) => inside(['tee', file], text)
const show = (inside: Inside, unit: string, property: string) =>
  inside(['systemctl', 'show', '--value', '--property', property, unit])
const told = (inside: Inside, unit: string) => inside(['journalctl', '--unit', unit, '--output', 'cat'])

t.test(
  'who fails at an app host is banned where the bans of the fleet are read',
  { skip, timeout },
  async t => {
    const inside = await bootInstalled(t)
    const auth = [
      'umask 077; cd /etc/xff-jail; user=$(xff-bus key bus.key)',
      'xff-bus setup --print-auth --admin "all=$user" > /etc/auth.conf; chmod 644 /etc/auth.conf',
    ]
    await inside(['bash', '-c', auth.join('\n')])
    await put(
      inside,
      '/etc/nats-server.conf',
      'host: 127.0.0.1\njetstream { store_dir: "/var/lib/nats" }\ninclude auth.conf\n',
    )
    await inside(['install', '-d', '-o', 'nats', '/var/lib/nats'])
    await inside(['systemctl', 'start', 'nats-server'])
    const setup = `xff-bus setup ${SERVER} --nkey /etc/xff-jail/bus.key`
    await waitFor('the streams', () => inside(['bash', '-c', setup]).then(() => true))

    await inside(['mkdir', '-p', '/var/log/uwsgi/app'])
    // as Debian's uWSGI has it: readable for root alone
    await inside(['install', '-m', '640', '/dev/null', LOG])
    const bus = (from: string) => `BUS='${SERVER} --nkey bus.key --from ${from}'\n`
    await put(inside, '/etc/xff-jail/shop.conf', `LOG=${LOG}\nPARSE='--tz UTC'\n${bus('web1')}`)
    await put(inside, '/etc/xff-jail/shop.counter', `WINDOW='--max 3 --late 630'\n${bus('count1')}`)
    await put(inside, '/etc/xff-jail/fleet.conf', `LOG=\nJOURNAL=''\nBAN='--port 3031'\n${bus('web2')}`)
    const units = ['xff-jail-report@shop', 'xff-jail-count@shop', 'xff-jail@fleet']
    await inside(['systemctl', 'start', ...units])
    const banned = async () =>
      (await inside(['xff-ban', 'list', '--name', 'fleet']))
        .split('\n')
        .flatMap(line => (line ? JSON.parse(line).ip : []))
    const fail = (client: string) => inside(['tee', '-a', LOG], failure(client).repeat(3))
    await fail('203.0.113.5')
    await waitFor('the ban', async () => (await banned()).includes('203.0.113.5'))
    t.equal(await show(inside, 'xff-jail-log@fleet', 'ActiveState'), 'inactive', 'nothing looks for a log')

    for (const process of [
      'xff-bus write requests',
      'xff-bus write bans',
      'xff-bus read bans',
      'uwsgi-parse',
    ]) {
      const status = await inside([
        'cat',
        `/proc/${await inside(['pgrep', '-o', '-f', `[/ ]${process}`])}/status`,
      ])
      t.match(status, /^CapPrm:\s0{16}\nCapEff:\s0{16}$/m, `${process} has no capability`)
      t.notMatch(status, /^Uid:\s+0\s/m, 'and is not root')
    }
    for (const unit of ['xff-jail-report@shop', 'xff-jail-count@shop', 'xff-jail-fleet@fleet']) {
      const before = await show(inside, unit, 'MainPID')
      await inside(['kill', '-KILL', before])
      await waitFor(
        `the next ${unit}`,
        async () => !['0', before].includes(await show(inside, unit, 'MainPID')),
      )
    }
    await fail('203.0.113.6')
    await waitFor('the next ban', async () => (await banned()).includes('203.0.113.6'))
    t.match((await banned()).sort(), ['203.0.113.5', '203.0.113.6'])

    // the log that another writes under this name
    const other = `xff-bus write requests ${SERVER} --nkey /etc/xff-jail/bus.key --from web1 < /dev/null`
    await inside(['bash', '-c', other])
    await fail('203.0.113.7')
    await waitFor('the end of the one that was fenced off', async () => {
      const state = await show(inside, 'xff-jail-report@shop', 'ActiveState')
      if (state === 'failed') return true
      throw new Error(`it is ${state}`)
    })
    t.match(await told(inside, 'xff-jail-report@shop'), /another xff-bus writes as "web1"/)
    await inside(['systemctl', 'restart', 'xff-jail-report@shop'])
    await waitFor('what it had not stored', async () => (await banned()).includes('203.0.113.7'))

    await put(inside, '/etc/xff-jail/typo.counter', `WINDOW='--mx 3'\n${bus('count2')}`)
    await t.rejects(inside(['systemctl', 'start', 'xff-jail-count@typo']))
    t.match(await told(inside, 'xff-jail-count@typo'), /unknown option "--mx"/)
    await inside(['systemctl', 'stop', 'xff-jail-count@typo'])
    await put(inside, '/etc/xff-jail/typo.conf', `BAN='--dry-run'\nBUS='--sever nats://127.0.0.1'\n`)
    await t.rejects(inside(['systemctl', 'start', 'xff-jail@typo']))
    t.match(await told(inside, 'xff-jail@typo'), /BUS: xff-bus: unknown option "--sever"/)
    await inside(['systemctl', 'stop', ...units, 'xff-jail@typo'])
  },
)
