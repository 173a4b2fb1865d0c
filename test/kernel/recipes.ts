import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { blocksOf } from '../support/markdown.js'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6, VICTIM } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import {
  attackUntilRefused,
  isRefused,
  othersAreServed,
  type Scene,
  strangeLinesAreServed,
} from './lab/attack.js'
import { FRONT_ENDS, type Kind } from './lab/front-ends.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import { ADDRESSES, type Endpoint, type Host } from './lab/network.js'
import { clientsAreTrue } from './lab/play-tricks.js'
import { isFromApp } from './lab/request.js'
import type { Uwsgi } from './lab/uwsgi.js'

/** Who plays the tricks; what becomes of them is of no concern. */
const TRICKSTERS = ['203.0.113.9', '2001:db8:b::9']
const ATTACKERS = [ATTACKER, ATTACKER6]

/** Where a further piece of a page goes in its configuration. */
const PLACES: Readonly<Record<Kind, RegExp>> = {
  nginx: /^(?= {4}location)/m,
  haproxy: /^(?= {4}default_backend)/m,
  apache2: /(?<=^<VirtualHost .*\n)/m,
  caddy: /(?<=^\treverse_proxy .*\n)/m,
}

interface Recipe {
  page: string
  kind: Kind
  /** where its commands stand; at the beginning unless said */
  section?: string
  /** lines without which a client's own header is believed */
  cure?: RegExp
  /** the section that tells how the front end itself refuses */
  itself?: string
  /** what is added behind another proxy, and the section that tells so; `xff-ban` is run as without it */
  behind?: string
}

const RECIPES: Readonly<Record<string, Recipe>> = {
  'nginx, proxy_pass': { page: 'nginx', kind: 'nginx', itself: 'Bans in nginx itself' },
  'nginx with connections that are kept': { page: 'nginx-keepalive', kind: 'nginx' },
  'nginx, uwsgi_pass': { page: 'nginx-uwsgi', kind: 'nginx', behind: 'Behind another proxy' },
  HAProxy: { page: 'haproxy', kind: 'haproxy', itself: 'Bans in HAProxy itself' },
  'Apache, mod_proxy_http': {
    page: 'apache',
    kind: 'apache2',
    section: 'mod_proxy_http',
    behind: 'Behind another proxy',
  },
  'Apache, mod_proxy_uwsgi': {
    page: 'apache',
    kind: 'apache2',
    section: 'mod_proxy_uwsgi',
    behind: 'Behind another proxy',
  },
  Caddy: { page: 'caddy', kind: 'caddy', cure: /header_up .*/g, behind: 'Behind another proxy' },
}

for (const [name, recipe] of Object.entries(RECIPES)) {
  const { kind, section, cure, itself, behind } = recipe
  kernelTest(name, ['nginx', kind, ...APP, ...BPF, ...PACKET_FILTER], async t => {
    const lab = await createLab(t, { clients: TRICKSTERS })
    const page = openPage(recipe.page)
    const uwsgi = await startApp(lab, page, section)
    const configuration = page.one(kind, section)
    const front = await lab.configured(kind, configuration)
    const commands = page.all('sh', section)
    await areTrue(t, { lab, uwsgi, front }, commands)
    const inner = (more: string) =>
      lab.configured(kind, configuration.replace(PLACES[kind], `${more}\n`), { at: 'inner' })

    if (itself !== undefined) {
      const map = join(lab.folder, 'banned')
      writeFileSync(map, '')
      const own = (text: string) =>
        text.replace(/\/etc\/(?:nginx\/banned-shop\.conf|haproxy\/shop\.map)/, map)
      const scene = { lab, uwsgi, front: await inner(own(page.one(kind, itself))) }
      await t.test(itself, t => holds(t, scene, own(page.one('sh', itself)), 'inner'))
    }
    if (behind !== undefined) {
      const to = await inner(page.one(kind, behind))
      const scene = { lab, uwsgi, front: await loadBalancer(lab, to, APPENDS, 81) }
      await t.test(behind, t => areTrue(t, scene, commands.slice(0, 1)))
    }
    if (cure !== undefined) {
      await front.program.end()
      const to = await lab.configured(kind, configuration.replace(cure, ''))
      await t.test('a recipe without one of its safety lines names a victim', async t => {
        // to uWSGI it is the same header, and it comes last
        await lab.request({ from: ATTACKER, to, path: '/404?sick', headers: { X_Forwarded_For: VICTIM } })
        await uwsgi.lines('/404?sick ', 1)
        const records = await lab.command(['uwsgi-parse'], { input: readFileSync(uwsgi.log) })
        t.match(records, new RegExp(`"ip":"${VICTIM}".*/404\\?sick"`))
      })
    }
  })
}

/** What a load balancer sends as X-Forwarded-For, in nginx's words. */
const APPENDS = '$proxy_add_x_forwarded_for'

/** Load balancers of clouds, and where the page tells what is behind each. */
const CLOUDS: Readonly<Record<string, { sends: string; section: string; way?: number }>> = {
  'a load balancer that appends': { sends: APPENDS, section: 'Appends the client: AWS ALB' },
  'a load balancer that appends ports': {
    sends: '$theirs$brackets:$remote_port',
    section: 'Appends the client: AWS ALB',
    way: 0,
  },
  'a load balancer that appends itself, counted': {
    sends: `${APPENDS},192.0.2.80`,
    section: 'Appends the client and itself: Google Cloud',
    way: 0,
  },
  'a load balancer that appends itself, named': {
    sends: `${APPENDS},192.0.2.80`,
    section: 'Appends the client and itself: Google Cloud',
    way: 1,
  },
}

for (const [name, { sends, section, way }] of Object.entries(CLOUDS)) {
  kernelTest(name, ['nginx', ...APP, ...BPF, ...PACKET_FILTER], async t => {
    const lab = await createLab(t, { clients: TRICKSTERS })
    const page = openPage('cloud')
    const uwsgi = await startApp(lab, page)
    const commands = page.all('sh', section)
    const front = await loadBalancer(lab, uwsgi.http, sends)
    await areTrue(t, { lab, uwsgi, front }, way === undefined ? commands : commands.slice(way, way + 1))
  })
}

kernelTest('a load balancer before an nginx of your own', ['nginx', ...APP, ...BPF], async t => {
  const lab = await createLab(t, { clients: TRICKSTERS })
  const page = openPage('cloud')
  const uwsgi = await startApp(lab, page)
  const configuration = page.one('nginx', 'With an nginx of your own in between')
  const between = await lab.configured('nginx', configuration, { at: 'inner' })
  const front = await loadBalancer(lab, between, `${APPENDS},192.0.2.80`)
  await areTrue(t, { lab, uwsgi, front }, openPage('nginx').all('sh').slice(0, 1))
})

kernelTest('a CDN, whose edge the front end appends', ['nginx', ...APP, ...BPF], async t => {
  const lab = await createLab(t, { clients: TRICKSTERS })
  const page = openPage('cloudflare')
  const uwsgi = await startApp(lab, page)
  const front = await loadBalancer(lab, uwsgi.http, `${APPENDS}, 172.64.192.221`)
  const scene = { lab, uwsgi, front }
  await areTrue(t, scene, page.all('sh', 'The front end appends'))
  await t.test('and without its name nobody is banned, not the edge either', async t => {
    for (let i = 0; i < 12; i++) await lab.request({ from: ATTACKER, to: front, path: '/404?unnamed' })
    await uwsgi.lines('/404?unnamed ', 12)
    const line = `uwsgi-parse < '${uwsgi.log}' | xff-window | xff-ban --dry-run --clock log`
    const bans = await lab.command(['bash', '-c', line])
    t.equal(bans, '')
  })
})

kernelTest(
  'a CDN before an nginx that reads the client',
  ['nginx', ...APP, ...BPF, ...PACKET_FILTER],
  async t => {
    const lab = await createLab(t, { clients: TRICKSTERS })
    const page = openPage('cloudflare')
    const uwsgi = await startApp(lab, page)
    const section = 'nginx reads the client'
    const between = await lab.configured('nginx', page.one('nginx', section), { at: 'inner' })
    const front = await loadBalancer(lab, between, APPENDS)
    await areTrue(t, { lab, uwsgi, front }, page.all('sh', section))
  },
)

/** An nginx that stands for something we have not got. */
function loadBalancer(lab: Lab, { v4, port }: Endpoint, sends: string, at = 80): Promise<Front> {
  return lab.configured(
    'nginx',
    `
    map $http_x_forwarded_for $theirs { "" ""; default "$http_x_forwarded_for, "; }
    map $remote_addr $brackets { ~: [$remote_addr]; default $remote_addr; }
    server {
      listen ${at};
      listen [::]:${at};
      location / {
        proxy_pass http://${v4}:${port};
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For "${sends}";
      }
    }`,
    { port: at },
  )
}

/** The uWSGI of a page. */
function startApp(lab: Lab, page: Page, section?: string): Promise<Uwsgi> {
  const ini = page.one('ini', section)
  const [, kind, port] = /^(http11-|http-|)socket = .*:(\d+)$/m.exec(ini) ?? []
  return lab.uwsgi({ ini, [kind === '' ? 'socket' : 'http']: Number(port) })
}

/** Shows that commands of a page, the first of them on the live log, hold what the page says of them. */
async function areTrue(t: Test, scene: Scene, [live = '', ...others]: readonly string[]): Promise<void> {
  const argv = / uwsgi-parse([^|]*)/.exec(live)?.[1]?.split(' ').filter(Boolean) ?? []
  await clientsAreTrue(t, scene.lab, { log: scene.uwsgi.log, argv }, scene.front, TRICKSTERS)
  await t.test(commandOf(live), t => stopsAttackers(t, scene, live))
  for (const line of others) await t.test(commandOf(line), t => holds(t, scene, line))
}

/** Runs a pipeline of a page on the live log, attacks until it bans, and takes the bans down. */
async function stopsAttackers(t: Test, scene: Scene, line: string): Promise<void> {
  const { lab, uwsgi } = scene
  const state = journal(lab)
  const pipeline = lab.pipeline(`${line.replace('/var/log/uwsgi/app.log', uwsgi.log)} --state ${state}`)
  await waitFor('xff-ban', () => pipeline.written().stderr.includes('bans by bpf'))
  for (const attacker of ATTACKERS) await attackUntilRefused(t, scene, attacker)
  for (const attacker of ATTACKERS) await isRefused(t, scene, attacker)
  await othersAreServed(t, scene)
  await lab.command(['xff-ban', 'flush', '--state', state])
  await pipeline.kill(['tail'])
  await waitFor('the end of the pipeline', pipeline.ended)
}

let journals = 0

/** A new one: what failed in the second of an unban is taken for a repeat. */
function journal({ folder }: Lab): string {
  return join(folder, `journal-${++journals}`)
}

/** Bans the attackers with the last command of a pipeline, and takes the bans down. */
async function holds(t: Test, scene: Scene, line: string, at: Host = 'app'): Promise<void> {
  const { lab, front } = scene
  const options = optionsOf(line, front)
  const state = ['--state', journal(lab)]
  const input = ATTACKERS.map(ip => `${JSON.stringify({ type: 'ban', ip })}\n`).join('')
  const served = async (from: string) => isFromApp(await lab.request({ from, to: front }))
  const processes = childrenOf(front.program.pid)
  await lab.command(['xff-ban', ...options, ...state], { at, input })
  if (options.includes('--nginx')) {
    // a reload is the beginning of what it does: its old worker still takes connections for a while
    await waitFor('the first refusal', async () => !(await served(ATTACKER)))
    await waitFor('the end of the old worker', () => childrenOf(front.program.pid) <= processes)
  }
  for (const from of ATTACKERS) await isRefused(t, scene, from)
  await othersAreServed(t, scene)
  if (!options.includes('--appended')) await strangeLinesAreServed(t, scene)
  await lab.command(['xff-ban', 'flush', ...options, ...state], { at })
  for (const from of ATTACKERS) await waitFor('the end of the ban', () => served(from))
}

function childrenOf(pid: number): number {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).length
}

/** The options of xff-ban at the end of a pipeline, for a front end that does not run as its system's own. */
function optionsOf(line: string, { folder }: Front): string[] {
  const [, ...given] = commandOf(line).replace('/run/haproxy', folder).split(' ')
  const options = given.map(option => option.replace(/^'(.*)'$/, '$1'))
  const nginx = ['--nginx-command', FRONT_ENDS.nginx.argv(join(folder, 'nginx.conf'), folder).join(' ')]
  return given.includes('--nginx') ? [...options, ...nginx] : options
}

/** The command at the end of a pipeline. */
function commandOf(line: string): string {
  return line
    .slice(line.lastIndexOf('|') + 1)
    .replace(/ssh \S+/, '')
    .trim()
}

/** A page as a reader fills it in: with addresses of his own. */
interface Page {
  all: (language: string, section?: string) => string[]
  /** the first of a section, or what the page says for all of them */
  one: (language: string, section?: string) => string
}

const LANGUAGES: Readonly<Record<string, Kind>> = { apache: 'apache2' }

function openPage(name: string): Page {
  const blocks = blocksOf(`share/front-ends/${name}.md`)
  const all = (language: string, section = '') =>
    blocks
      .filter(
        block => (LANGUAGES[block.language] ?? block.language) === language && block.section === section,
      )
      .map(({ text }) => fillIn(text))
  return {
    all,
    one: (language, section = '') => {
      const [text] = [...all(language, section), ...all(language)]
      if (text === undefined) throw new Error(`${name} has no ${language} in ${JSON.stringify(section)}`)
      return text
    },
  }
}

function fillIn(text: string): string {
  return text
    .replaceAll('10.0.0.2', ADDRESSES.app.v4)
    .replaceAll('10.0.0.1', ADDRESSES.edge.v4)
    .replaceAll('10.0.0.0/24', '10.77.0.0/24')
    .trimEnd()
}
